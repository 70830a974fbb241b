import type { CallRole, ConnectionState, Token } from '@ctrd/core';
import { token } from '@ctrd/core';

/** A connection of the pool as strategies and statistics see it: always as it is now. */
export interface ConnectionView {
  /** Unique in its pool; connections are numbered as they are made. */
  readonly id: number;
  /** The kind of calls that the connection is for. */
  readonly role: CallRole;
  /** `idle` also for a connection that has not been opened yet. */
  readonly state: ConnectionState;
  /** Whether it is neither failing nor ejected. */
  readonly healthy: boolean;
  /** Streams that it may still take. */
  readonly free: number;
  /** Streams that it may have at once. */
  readonly maxStreams: number;
  /** Calls under way, streams included. */
  readonly inFlight: number;
  /** A moving average of its unary calls' times in milliseconds; `undefined` before the first. */
  readonly latencyMs: number | undefined;
  /** A number that grows with every pick of the pool; 0 when it has never been picked. */
  readonly lastPick: number;
}

/** What a strategy knows of a call. */
export interface PoolCall {
  readonly role: CallRole;
  /** Calls of one key may be kept together: a container's id. */
  readonly affinity?: string | undefined;
}

/**
 * Chooses the connection of a call. It is pure: all that it needs to know is in the views.
 *
 * The candidates are in the order in which they were made, never empty, and all of them may take the
 * call: the pool has left out what has no stream left for a call that needs one, and what is
 * unhealthy while a healthy connection may take it.
 */
export interface PoolStrategy {
  /** One of the candidates. What it throws fails the call. */
  pick(candidates: readonly ConnectionView[], call: PoolCall): ConnectionView;
}

export const PoolStrategy: Token<PoolStrategy, 'PoolStrategy'> = token('PoolStrategy', {
  from: 'pool() of @ctrd/pool',
});

/** The candidate with the smallest measure; of several, the first. */
export function least(
  candidates: readonly ConnectionView[],
  measure: (candidate: ConnectionView) => number,
): ConnectionView {
  return candidates.reduce((best, candidate) =>
    measure(candidate) < measure(best) ? candidate : best,
  );
}
