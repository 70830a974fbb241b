import type { Message } from '@bufbuild/protobuf';
import type {
  CallControl,
  CallRole,
  ConnectionState,
  StreamCall,
  Token,
  Transport,
  UnaryCall,
} from '@ctrd/core';
import { type Moment, moment, token } from '@ctrd/core';
import type { ConnectionView } from './strategy.js';
import type { StreamQuota } from './stream-quota.js';

/** The pool, as `client.pool` has it. */
export interface PoolAPIClient {
  /** How the pool is at this moment. */
  stats(): PoolStats;
  /**
   * A connection for calls of one's own, as the strategy picks it. It reserves nothing, and does not
   * fail for want of streams. Throws `failed-precondition` when the pool drains or is closed.
   */
  get(which?: PickOptions): PooledConnection;
  /**
   * Takes no more calls, sends away those that wait for a stream, and resolves when the last one
   * under way has ended. There is no way back but a new client. Rejects with `timeout` or `aborted`
   * when they do not end in time; they go on then.
   */
  drain(options?: CallControl): Promise<void>;
  /** Calls the listener after each change of a connection's state, until the result is disposed. */
  watch(listener: (connection: ConnectionView) => void): Disposable;
}

/** For which kind of call a connection is picked. */
export interface PickOptions {
  /** Default: `control`. */
  readonly role?: CallRole | undefined;
  /** For a strategy that keeps calls of one key together. */
  readonly affinity?: string | undefined;
}

/** A transport over several connections. */
export interface Pool extends PoolAPIClient, Transport, AsyncDisposable {
  /**
   * Opens every connection of the capacity. When one fails, all that this call opened are closed
   * again, and it rejects with that failure; a later call opens them anew.
   */
  connect(options?: CallControl): Promise<void>;
  /**
   * Drains for at most `timeoutMs`, then closes every connection, whose calls fail with
   * `unavailable`. May be called again. Rejects when a connection cannot be closed; with several
   * such failures the cause is an `AggregateError`.
   *
   * @param options.timeoutMs - default: 0, calls under way fail at once.
   */
  close(options?: Pick<CallControl, 'timeoutMs'>): Promise<void>;
}

/** Swappable, but usually only read: the transport that `pool()` provides. */
export const Pool: Token<Pool, 'Pool'> = token('Pool', { from: 'pool() of @ctrd/pool' });

/**
 * One connection of the pool, with its quota of streams to be counted by hand, as the seed's
 * `WrapperClient` had it. Long-lived calls through it take a stream of it by themselves, and fail
 * with `quota-exhausted` when none is free. When the pool has closed it for good, calls fail with
 * `unavailable`: get another one.
 */
export interface PooledConnection extends ConnectionView, Omit<StreamQuota, 'max' | 'free'> {
  /** Makes a call on this connection. */
  unary(call: UnaryCall): Promise<Message>;
  /** Makes a call on this connection, with a stream of it taken until the end. */
  stream(call: StreamCall): AsyncIterable<Message>;
}

/** How a pool is at one moment; it does not change any more. */
export interface PoolStats {
  readonly state: 'open' | 'draining' | 'closed';
  /** Calls under way, those that wait for a stream included. */
  readonly calls: number;
  readonly connections: readonly ConnectionView[];
  /** What the connections of each role have together. */
  readonly roles: Readonly<Record<CallRole, RoleStats>>;
}

/** What the connections of one role have together. */
export interface RoleStats {
  readonly connections: number;
  /** Calls under way on them. */
  readonly inFlight: number;
  /** Streams that are free, of how many. */
  readonly free: number;
  readonly maxStreams: number;
  /** Calls that wait for a stream. */
  readonly queued: number;
}

/** A connection of the pool has another state now. */
export interface ConnectionChange {
  readonly id: number;
  readonly role: CallRole;
  readonly state: ConnectionState;
}

/** Told of each {@link ConnectionChange}. */
export const connectionChanged: Moment<ConnectionChange> = moment('connectionChanged');
