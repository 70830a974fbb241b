import type { Message } from '@bufbuild/protobuf';
import type { CallRole, Connection, ConnectionState, UnaryCall } from '@ctrd/core';
import { createEjection, type EjectionRules } from './ejection.js';
import { averaged } from './latency.js';
import { isDropped, showsThatItWorks } from './outcome.js';
import { poolChannels } from './pool-events.js';
import { createSlot, type Slot } from './slot.js';
import type { ConnectionView } from './strategy.js';
import { createStreamQuota, type StreamQuota } from './stream-quota.js';

/** What carries calls to one connection. */
type Carrier = Pick<Connection, 'unary' | 'stream'>;

/** A stream of a connection, taken for one long-lived call; disposal gives it back. */
export interface Held extends Carrier, Disposable {}

/** One place of the pool, with what is known of it: calls, streams, health. */
export interface Member extends Pick<Slot, 'open' | 'rest' | 'close'> {
  readonly view: ConnectionView;
  readonly quota: StreamQuota;
  /** Milliseconds since its last call; 0 while one is under way or a stream is taken by hand. */
  readonly idleForMs: number;
  picked(turn: number): void;
  /** Carries a short call. */
  unary(call: UnaryCall): Promise<Message>;
  /**
   * Takes a stream for a long-lived call. It counts as under way from now on, so that who is next in
   * the same moment sees it. Throws `quota-exhausted`.
   */
  hold(): Held;
  connect(options: { signal: AbortSignal }): Promise<void>;
  /** What a health check of the connection found. */
  checked(serves: boolean): void;
}

export interface MemberParts {
  readonly id: number;
  readonly role: CallRole;
  readonly maxStreams: number;
  readonly ejection: EjectionRules;
  readonly open: () => Connection;
  /** Told of each new state of the connection. */
  readonly onState: (view: ConnectionView) => void;
  /** Told when this or another member may take more than before. */
  readonly onRoom: () => void;
}

export function createMember({ id, role, maxStreams, ...parts }: MemberParts): Member {
  const { open, onState, onRoom } = parts;
  let inFlight = 0;
  let latencyMs: number | undefined;
  let lastPick = 0;
  let lastUse = performance.now();

  const quota = createStreamQuota(maxStreams, {
    taken: () => tellOfStreams('acquire'),
    freed() {
      tellOfStreams('release');
      onRoom();
    },
  });
  const ejection = createEjection(parts.ejection, {
    ejected(forMs) {
      if (poolChannels.eject.hasSubscribers) {
        poolChannels.eject.publish({ role, connection: id, until: Date.now() + forMs });
      }
      // When it was the last healthy one, all of them may be used again.
      onRoom();
    },
    returned: onRoom,
  });
  const slot = createSlot(open, (state) => {
    onState(view);
    if (state === 'ready') tellOfConnect();
    else ejection.broke();
    onRoom();
  });
  const view: ConnectionView = Object.freeze({
    id,
    role,
    maxStreams,
    get state(): ConnectionState {
      return slot.state;
    },
    get healthy() {
      return !ejection.active && slot.state !== 'failing' && slot.state !== 'closed';
    },
    get free() {
      return quota.free;
    },
    get inFlight() {
      return inFlight;
    },
    get latencyMs() {
      return latencyMs;
    },
    get lastPick() {
      return lastPick;
    },
  });

  function tellOfStreams(what: 'acquire' | 'release'): void {
    const channel = poolChannels[what];
    if (channel.hasSubscribers) channel.publish({ role, connection: id, free: quota.free });
  }

  function tellOfConnect(): void {
    const { connect } = poolChannels;
    if (connect.hasSubscribers) connect.publish({ role, connection: id });
  }

  function end(): void {
    inFlight -= 1;
    lastUse = performance.now();
  }

  function judge(error: unknown, mark: number): void {
    if (isDropped(error)) ejection.failed(mark);
    else if (showsThatItWorks(error)) ejection.succeeded();
  }

  const carrier: Carrier = {
    async unary(call) {
      const used = slot.use();
      const mark = ejection.begun();
      const start = performance.now();
      try {
        const answer = await used.unary(call);
        ejection.succeeded();
        if (call.options.role !== 'stream') {
          latencyMs = averaged(latencyMs, performance.now() - start);
        }
        return answer;
      } catch (error) {
        judge(error, mark);
        throw error;
      }
    },
    async *stream(call) {
      const used = slot.use();
      const mark = ejection.begun();
      try {
        yield* used.stream(call);
        ejection.succeeded();
      } catch (error) {
        judge(error, mark);
        throw error;
      }
    },
  };

  return {
    view,
    quota,
    get idleForMs() {
      return inFlight > 0 || quota.free < maxStreams ? 0 : performance.now() - lastUse;
    },
    get open() {
      return slot.open;
    },
    picked(turn) {
      lastPick = turn;
    },
    async unary(call) {
      inFlight += 1;
      try {
        return await carrier.unary(call);
      } finally {
        end();
      }
    },
    hold() {
      const lease = quota.lease();
      inFlight += 1;
      return {
        ...carrier,
        [Symbol.dispose]() {
          if (lease.released) return;
          end();
          lease[Symbol.dispose]();
        },
      };
    },
    connect: (options) => slot.use().connect(options),
    checked(serves) {
      if (!serves) return ejection.eject();
      ejection.succeeded();
      ejection.end();
    },
    async rest() {
      ejection[Symbol.dispose]();
      await slot.rest();
    },
    async close() {
      ejection[Symbol.dispose]();
      await slot.close();
    },
  };
}
