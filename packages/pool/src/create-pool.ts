import {
  type CallRole,
  type Connection,
  type CtrdError,
  checkMilliseconds,
  mergeSignals,
  orAborted,
  toCtrdError,
} from '@ctrd/core';
import { createCarrier, type Prepare, poolCall } from './carrier.js';
import { closeAll } from './close-all.js';
import { createGate, refusal } from './gate.js';
import { createGroup, type Group } from './group.js';
import { createMember, type Member } from './member.js';
import { openAll } from './open-all.js';
import type { Pool } from './pool-api.js';
import { type PoolOptions, poolSettings } from './pool-options.js';
import { pooledConnection } from './pooled-connection.js';
import { statsOf } from './stats.js';
import { leastInFlight } from './strategies/least-in-flight.js';
import type { ConnectionView } from './strategy.js';
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
  const gate = createGate();
  const listeners = new Set<(connection: ConnectionView) => void>();
  let closing: Promise<void> | undefined;
  // Before the first contact nobody waits for a daemon that may not exist.
  let reached = false;
  let made = 0;
  let turns = 0;

  const newMember = (role: CallRole): Member =>
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
    });
  const newGroup = (role: CallRole): Group =>
    createGroup({
      role,
      settings,
      strategy,
      nextTurn: () => (turns += 1),
      newMember: () => newMember(role),
    });
  const groups: Readonly<Record<CallRole, Group>> = {
    control: newGroup('control'),
    bulk: newGroup('bulk'),
    stream: newGroup('stream'),
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
    for (const listener of [...listeners]) {
      try {
        listener(view);
      } catch (error) {
        onFailure(toCtrdError(error));
      }
    }
  }

  const prepare: Prepare = (call) => {
    if (!settings.waitForReady || !reached || call.options.waitForReady !== undefined) return call;
    return { ...call, options: { ...call.options, waitForReady: true } };
  };

  function stopTaking(): void {
    if (gate.state !== 'open') return;
    gate.shut('draining');
    for (const each of all) each.refuse(refusal('draining'));
  }

  async function idle(signal: AbortSignal): Promise<void> {
    if (gate.calls > 0) await orAborted(signal, gate.idle());
  }

  async function close(timeoutMs: number): Promise<void> {
    using merged = mergeSignals({ timeoutMs });
    stopTaking();
    upkeep[Symbol.dispose]();
    // What has not ended by then ends with its connection.
    await idle(merged.signal).catch(() => {});
    gate.shut('closed');
    try {
      await closeAll(all.flatMap((each) => each.close()));
    } finally {
      listeners.clear();
    }
  }

  return {
    ...createCarrier({ gate, groups, prepare }),
    stats: () => statsOf(gate, groups),
    get(which = {}) {
      gate.checkOpen();
      const call = poolCall(which);
      return pooledConnection(groups[call.role].pick(call), gate, prepare);
    },
    watch(listener) {
      const own: typeof listener = (view) => listener(view);
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
    async connect(control = {}) {
      using _entered = gate.enter();
      await openAll(members(), control);
    },
    async drain(control = {}) {
      using merged = mergeSignals(control);
      stopTaking();
      await idle(merged.signal);
    },
    async close({ timeoutMs = 0 } = {}) {
      checkMilliseconds('timeoutMs', timeoutMs);
      await (closing ??= close(timeoutMs));
    },
    [Symbol.asyncDispose]: () => (closing ??= close(0)),
  };
}
