import { type CallRole, checkMilliseconds, invalidArgument } from '@ctrd/core';
import { leastUsed } from './strategies/least-used.js';
import type { PoolStrategy } from './strategy.js';

/** Options of `pool()`. Times are at most 2 147 483 647 milliseconds, which is 24 days. */
export interface PoolOptions {
  /**
   * Connections of each role, or of all: `5`, `{ stream: 5 }`. They are opened when they are first
   * used. Default: 1 each.
   */
  readonly capacity?: number | Partial<Readonly<Record<CallRole, number>>> | undefined;
  /** Long-lived calls that a connection may have at once. Default: 1000. */
  readonly maxStreams?: number | undefined;
  /** Default: `leastInFlight()`. A host may also provide the token `PoolStrategy`. */
  readonly strategy?: PoolStrategy | undefined;
  /**
   * What becomes of a long-lived call when every stream of its role is taken: `grow` opens one more
   * connection, up to `growTo`, and fails then; `wait` queues it; `fail` fails with
   * `quota-exhausted`. Short calls need no stream and never wait for one. Default: `grow`, since a
   * connection costs next to nothing and a watch that is refused or late may cost an exit.
   */
  readonly whenExhausted?: 'wait' | 'fail' | 'grow' | undefined;
  /** Connections of one role at most, with `grow`. Default: 32, or the capacity if that is more. */
  readonly growTo?: number | undefined;
  /** Calls of one role that may wait for a stream, with `wait`. Default: 1000. */
  readonly maxQueued?: number | undefined;
  /**
   * Milliseconds that a call may wait for a stream, with `wait`, besides its own time limit: then
   * it fails with `quota-exhausted`. Default: 30 000.
   */
  readonly queueTimeoutMs?: number | undefined;
  /**
   * What becomes of calls that do not say so themselves while a daemon that was there is away:
   * `true` waits for it until the call's end of time, `false` fails with `unavailable`. The first
   * contact never waits, so that a wrong address shows at once. Default: `false`.
   */
  readonly waitForReady?: boolean | undefined;
  /** Whether `connect()` of the client opens all connections, and fails if one fails. Default: `false`. */
  readonly eager?: boolean | undefined;
  /** Milliseconds without a call after which a connection is closed. Default: 300 000. */
  readonly idleMs?: number | undefined;
  /** Asks open connections whether the daemon serves (`grpc.health.v1`). Default: off. */
  readonly healthCheck?: HealthCheckOptions | undefined;
  /** When a connection that stays up but drops calls is left out, and for how long. */
  readonly ejection?: EjectionOptions | undefined;
}

/** How often connections are asked whether the daemon serves. */
export interface HealthCheckOptions {
  /** Milliseconds between two checks of a connection, at least 1000. Default: 10 000. */
  readonly intervalMs?: number | undefined;
  /** Milliseconds until a check counts as failed. Default: 2000. */
  readonly timeoutMs?: number | undefined;
}

/** When a connection is left out, and for how long. */
export interface EjectionOptions {
  /** Dropped calls in a row, one begun after the other, after which it is left out. Default: 3. */
  readonly failures?: number | undefined;
  /** Milliseconds of the first time out; each further one is twice as long. Default: 1000. */
  readonly firstMs?: number | undefined;
  /** Milliseconds of the longest. Default: 30 000. */
  readonly longestMs?: number | undefined;
}

/** Options with their defaults filled in. */
export interface PoolSettings {
  readonly capacity: Readonly<Record<CallRole, number>>;
  readonly maxStreams: number;
  readonly whenExhausted: 'wait' | 'fail' | 'grow';
  readonly growTo: number;
  readonly maxQueued: number;
  readonly queueTimeoutMs: number;
  readonly waitForReady: boolean;
  readonly eager: boolean;
  readonly idleMs: number;
  readonly healthCheck: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
  readonly ejection: {
    readonly failures: number;
    readonly firstMs: number;
    readonly longestMs: number;
  };
}

/**
 * PouchContainer's pool: 5 connections with 100 streams each, and the one with the most streams left
 * takes the call. Spread it and change what should differ: `pool({ ...seedDefaults, capacity: 8 })`.
 */
export const seedDefaults: PoolOptions = Object.freeze({
  capacity: 5,
  maxStreams: 100,
  strategy: leastUsed(),
});

/** Fills in the defaults. Throws `invalid-argument`, naming the field. */
export function poolSettings(options: PoolOptions = {}): PoolSettings {
  const { strategy, whenExhausted = 'grow', healthCheck, ejection = {} } = options;
  const capacity = capacityOf(options.capacity);
  const largest = Math.max(...Object.values(capacity));
  if (strategy !== undefined && typeof strategy?.pick !== 'function') {
    throw invalidArgument('strategy', 'have a pick function', strategy);
  }
  if (!['wait', 'fail', 'grow'].includes(whenExhausted)) {
    throw invalidArgument('whenExhausted', 'be wait, fail or grow', whenExhausted);
  }
  const firstMs = time('ejection.firstMs', ejection.firstMs, 1000);
  return {
    capacity,
    maxStreams: count('maxStreams', options.maxStreams, 1000),
    whenExhausted,
    growTo: count('growTo', options.growTo, Math.max(32, largest), largest),
    maxQueued: count('maxQueued', options.maxQueued, 1000),
    queueTimeoutMs: time('queueTimeoutMs', options.queueTimeoutMs, 30_000),
    waitForReady: options.waitForReady ?? false,
    eager: options.eager ?? false,
    idleMs: time('idleMs', options.idleMs, 300_000),
    healthCheck: healthCheck && {
      intervalMs: time('healthCheck.intervalMs', healthCheck.intervalMs, 10_000, 1000),
      timeoutMs: time('healthCheck.timeoutMs', healthCheck.timeoutMs, 2000),
    },
    ejection: {
      failures: count('ejection.failures', ejection.failures, 3),
      firstMs,
      longestMs: time('ejection.longestMs', ejection.longestMs, Math.max(30_000, firstMs), firstMs),
    },
  };
}

function capacityOf(capacity: PoolOptions['capacity']): PoolSettings['capacity'] {
  const given = typeof capacity === 'object' ? capacity : all(capacity);
  return {
    control: count('capacity.control', given.control, 1),
    bulk: count('capacity.bulk', given.bulk, 1),
    stream: count('capacity.stream', given.stream, 1),
  };
}

function all(capacity: number | undefined): Partial<Record<CallRole, number>> {
  if (capacity === undefined) return {};
  const each = count('capacity', capacity, 1);
  return { control: each, bulk: each, stream: each };
}

function count(field: string, given: number | undefined, byDefault: number, min = 1): number {
  const value = given ?? byDefault;
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalidArgument(field, `be a whole number of at least ${min}`, value);
}

function time(field: string, given: number | undefined, byDefault: number, min = 1): number {
  const value = count(field, given, byDefault, min);
  checkMilliseconds(field, value);
  return value;
}
