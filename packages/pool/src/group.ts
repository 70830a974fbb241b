import { type CallOptions, type CallRole, CtrdError } from '@ctrd/core';
import type { Held, Member } from './member.js';
import { poolChannels } from './pool-events.js';
import type { PoolSettings } from './pool-options.js';
import type { PoolCall, PoolStrategy } from './strategy.js';
import { createWaitQueue, exhausted } from './wait-queue.js';

/** The connections of one role. */
export interface Group {
  readonly members: readonly Member[];
  readonly queued: number;
  /** The connection for a call that needs no stream. Never fails for want of quota. */
  pick(call: PoolCall): Member;
  /** The connection for a long-lived call, with a stream taken; what when there is none is a setting. */
  acquire(call: PoolCall, options: CallOptions): Promise<Held>;
  /** Serves those who wait: somewhere there may be room now. */
  serve(): void;
  /** Closes what has not been used for so long; what had been added by growing goes for good. */
  sweep(idleMs: number): Promise<unknown>[];
  /** Sends away those who wait. */
  refuse(error: CtrdError): void;
  /** Closes all connections. */
  close(): Promise<unknown>[];
}

export interface GroupParts {
  readonly role: CallRole;
  readonly settings: PoolSettings;
  readonly strategy: PoolStrategy;
  readonly newMember: () => Member;
  readonly nextTurn: () => number;
}

export function createGroup({ role, settings, strategy, newMember, nextTurn }: GroupParts): Group {
  const { whenExhausted, growTo } = settings;
  const capacity = settings.capacity[role];
  const members = Array.from({ length: capacity }, newMember);
  const queue = createWaitQueue<Held>(settings);

  function choose(candidates: readonly Member[], call: PoolCall): Member {
    const views = candidates.map(({ view }) => view);
    const chosen = strategy.pick(views, call);
    const member = candidates[views.indexOf(chosen)];
    if (member === undefined) {
      throw new CtrdError('the pool strategy picked what was not among the candidates', {
        code: 'failed-precondition',
        reason: 'strategy',
      });
    }
    member.picked(nextTurn());
    return member;
  }

  const withRoom = () => members.filter(({ quota }) => quota.free > 0);

  function tryAcquire(call: PoolCall): Held | undefined {
    const room = withRoom();
    const healthy = room.filter(({ view }) => view.healthy);
    // While no connection is ready the daemon is away: one more would not reach it either.
    const candidates = healthy.length > 0 || members.some(isReady) ? healthy : room;
    return candidates.length === 0 ? undefined : choose(candidates, call).hold();
  }

  function grown(): Member | undefined {
    if (whenExhausted !== 'grow' || members.length >= growTo) return undefined;
    const member = newMember();
    members.push(member);
    return member;
  }

  async function wait(call: PoolCall, options: CallOptions): Promise<Held> {
    const turn = queue.wait(call, options);
    if (poolChannels.queue.hasSubscribers) {
      poolChannels.queue.publish({ role, queued: queue.length });
    }
    return await turn;
  }

  return {
    members,
    get queued() {
      return queue.length;
    },
    pick(call) {
      const healthy = members.filter(({ view }) => view.healthy);
      return choose(healthy.length === 0 ? members : healthy, call);
    },
    async acquire(call, options) {
      // Who comes later does not overtake those who wait.
      const held = queue.length === 0 ? tryAcquire(call) : undefined;
      if (held !== undefined) return held;
      if (whenExhausted === 'wait') return await wait(call, options);
      const member = grown();
      if (member !== undefined) return choose([member], call).hold();
      const room = withRoom();
      if (room.length > 0) return choose(room, call).hold();
      throw exhausted(
        'streams',
        `all ${members.length * settings.maxStreams} streams of role ${role} are taken`,
      );
    },
    serve: () => queue.serve(tryAcquire),
    sweep(idleMs) {
      const resting: Promise<unknown>[] = [];
      for (const member of members.toReversed()) {
        if (member.idleForMs < idleMs) continue;
        if (members.length > capacity) {
          members.splice(members.indexOf(member), 1);
          resting.push(member.close());
        } else if (member.open !== undefined) resting.push(member.rest());
      }
      return resting;
    },
    refuse: (error) => queue.clear(error),
    close: () => members.map((member) => member.close()),
  };
}

function isReady({ view }: Member): boolean {
  return view.healthy && view.state === 'ready';
}
