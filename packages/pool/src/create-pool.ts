import type { Message } from '@bufbuild/protobuf';
import {
  type CallControl,
  type CallOptions,
  type CallRole,
  type Connection,
  CtrdError,
  mergeSignals,
  orAborted,
  type StreamCall,
  toCtrdError,
  type UnaryCall,
} from '@ctrd/core';
import { closeAll } from './close-all.js';
import { createGroup, type Group } from './group.js';
import { createMember, type Member } from './member.js';
import type { Pool, PoolStats } from './pool-api.js';
import { type PoolOptions, poolSettings } from './pool-options.js';
import { pooledConnection } from './pooled-connection.js';
import { createRunning } from './running.js';
import { statsOf } from './stats.js';
import { leastInFlight } from './strategies/least-in-flight.js';
import type { ConnectionView, PoolCall } from './strategy.js';
import { createUpkeep } from './upkeep.js';

/** What a pool stands on besides its options. */
export interface PoolParts {
  /** Makes a connection that connects when it is first used. */
  readonly open: () => Connection;
  /** Where failures go that no call is there to get. Default: nowhere. */
  readonly onFailure?: ((error: CtrdError) => void) | undefined;
}

/**
 * A pool without a client around it. Throws `invalid-argument`, naming the option.
 *
 * ```ts
 * const pool = createPool({ open: () => grpcConnector().open(path) }, { capacity: { stream: 5 } });
 * ```
 */
export function createPool(
  { open, onFailure = () => {} }: PoolParts,
  options: PoolOptions = {},
): Pool {
  const settings = poolSettings(options);
  const { strategy = leastInFlight() } = options;
  const listeners = new Set<(connection: ConnectionView) => void>();
  const running = createRunning();
  let state: PoolStats['state'] = 'open';
  let closing: Promise<void> | undefined;
  // Before the first contact nobody waits for a daemon that may not exist.
  let reached = false;
  let made = 0;
  let turns = 0;

  const group = (role: CallRole): Group =>
    createGroup({
      role,
      settings,
      strategy,
      nextTurn: () => (turns += 1),
      newMember: () =>
        createMember({
          id: made++,
          role,
          maxStreams: settings.maxStreams,
          ejection: settings.ejection,
          open() {
            upkeep.begin();
            return open();
          },
          onState,
          onRoom: () => groups[role].serve(),
        }),
    });
  const groups: Readonly<Record<CallRole, Group>> = {
    control: group('control'),
    bulk: group('bulk'),
    stream: group('stream'),
  };
  const all = Object.values(groups);
  const members = (): readonly Member[] => all.flatMap((each) => each.members);
  const upkeep = createUpkeep({
    settings,
    members,
    sweep() {
      for (const resting of all.flatMap((each) => each.sweep(settings.idleMs))) {
        resting.catch((error: unknown) => onFailure(toCtrdError(error)));
      }
    },
  });

  function onState(view: ConnectionView): void {
    if (view.state === 'ready') reached = true;
    for (const listener of [...listeners]) listener(view);
  }

  function checkOpen(): void {
    if (state === 'open') return;
    throw new CtrdError(`the pool ${state === 'closed' ? 'is closed' : 'drains'}`, {
      code: 'failed-precondition',
      reason: state,
    });
  }

  function enter(): Disposable {
    checkOpen();
    return running.enter();
  }

  function prepared<C extends { readonly options: CallOptions }>(call: C): C {
    if (!settings.waitForReady || !reached || call.options.waitForReady !== undefined) return call;
    return { ...call, options: { ...call.options, waitForReady: true } };
  }

  async function unary(call: UnaryCall): Promise<Message> {
    using _entered = enter();
    const ready = prepared(call);
    const which = poolCall(call.options);
    if (which.role !== 'stream') return await groups[which.role].pick(which).unary(ready);
    const start = performance.now();
    using held = await groups.stream.acquire(which, call.options);
    return await held.member.unary(shortened(ready, performance.now() - start));
  }

  async function* stream(call: StreamCall): AsyncGenerator<Message> {
    using _entered = enter();
    const which = poolCall(call.options);
    // One clock for the wait and the call; and whoever leaves a stream lying gives it back by an abort.
    using merged = mergeSignals(call.options);
    const { signal } = merged;
    const limits = { ...call.options, signal, timeoutMs: undefined };
    using held = await groups[which.role].acquire(which, limits);
    const release = () => held[Symbol.dispose]();
    signal.addEventListener('abort', release, { once: true });
    try {
      yield* held.member.stream(prepared({ ...call, options: limits }));
    } finally {
      signal.removeEventListener('abort', release);
    }
  }

  function stopTaking(): void {
    if (state !== 'open') return;
    state = 'draining';
    const refusal = new CtrdError('the pool drains', {
      code: 'failed-precondition',
      reason: 'draining',
    });
    for (const each of all) each.refuse(refusal);
  }

  async function drain(control: CallControl = {}): Promise<void> {
    using merged = mergeSignals(control);
    stopTaking();
    if (running.count > 0) await orAborted(merged.signal, running.idle());
  }

  async function close(timeoutMs: number): Promise<void> {
    stopTaking();
    upkeep[Symbol.dispose]();
    // What has not ended by then ends with its connection.
    if (timeoutMs > 0) await drain({ timeoutMs }).catch(() => {});
    state = 'closed';
    await closeAll(all.flatMap((each) => each.close()));
    listeners.clear();
  }

  return {
    unary,
    stream,
    stats: () => statsOf(state, running.count, groups),
    get(which = {}) {
      checkOpen();
      const call = poolCall(which);
      return pooledConnection(groups[call.role].pick(call), { enter, prepared });
    },
    watch(listener) {
      const own: typeof listener = (view) => listener(view);
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
    async connect(control = {}) {
      using _entered = enter();
      using merged = mergeSignals(control);
      const opened = members().filter(({ open: connection }) => connection === undefined);
      const failed = new AbortController();
      using either = mergeSignals({ signal: merged.signal }, failed.signal);
      try {
        await Promise.all(members().map((member) => member.connect({ signal: either.signal })));
      } catch (error) {
        failed.abort(error);
        await Promise.allSettled(opened.map((member) => member.rest()));
        throw error;
      }
    },
    drain,
    close: ({ timeoutMs = 0 } = {}) => (closing ??= close(timeoutMs)),
    [Symbol.asyncDispose]: () => (closing ??= close(0)),
  };
}

function poolCall({ role = 'control', affinity }: PoolCall | CallOptions): PoolCall {
  return { role, affinity };
}

/** The call, with what its time limit leaves after a wait. */
function shortened(call: UnaryCall, waitedMs: number): UnaryCall {
  const { timeoutMs } = call.options;
  if (timeoutMs === undefined || timeoutMs === 0) return call;
  return { ...call, options: { ...call.options, timeoutMs: Math.max(0, timeoutMs - waitedMs) } };
}
