import type { Message } from '@bufbuild/protobuf';
import {
  type CallRole,
  type Connection,
  type ConnectionState,
  CtrdError,
  type StreamCall,
  type UnaryCall,
} from '@ctrd/core';
import { createEjection, type EjectionRules } from './ejection.js';
import { averaged } from './latency.js';
import { isDropped, showsThatItWorks } from './outcome.js';
import { poolChannels } from './pool-events.js';
import type { ConnectionView } from './strategy.js';
import { createStreamQuota, type StreamQuota } from './stream-quota.js';

/**
 * One place of the pool: a connection that is opened when it is first used, may be closed when it is
 * not, and is opened again.
 */
export interface Member {
  readonly view: ConnectionView;
  readonly quota: StreamQuota;
  /** Milliseconds since its last call; 0 while one is under way or a stream is taken by hand. */
  readonly idleForMs: number;
  /** The connection, if it is open. */
  readonly open: Connection | undefined;
  picked(turn: number): void;
  unary(call: UnaryCall): Promise<Message>;
  stream(call: StreamCall): AsyncIterable<Message>;
  connect(options: { signal: AbortSignal }): Promise<void>;
  /** What a health check of the connection found. */
  checked(serves: boolean): void;
  /** Closes the connection; the next call opens another one. */
  rest(): Promise<void>;
  /** Closes the connection for good. */
  close(): Promise<void>;
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

export function createMember({
  id,
  role,
  maxStreams,
  open,
  onState,
  onRoom,
  ...rest
}: MemberParts): Member {
  let connection: Connection | undefined;
  let watching: Disposable | undefined;
  let closed = false;
  let inFlight = 0;
  let latencyMs: number | undefined;
  let lastPick = 0;
  let lastUse = performance.now();

  const quota = createStreamQuota(maxStreams, {
    taken: () => tell(poolChannels.acquire),
    freed() {
      tell(poolChannels.release);
      onRoom();
    },
  });
  const ejection = createEjection(rest.ejection, {
    ejected(forMs) {
      if (poolChannels.eject.hasSubscribers) {
        poolChannels.eject.publish({ role, connection: id, until: Date.now() + forMs });
      }
      // When it was the last healthy one, all of them may be used again.
      onRoom();
    },
    returned: onRoom,
  });
  const state = (): ConnectionState => (closed ? 'closed' : (connection?.state ?? 'idle'));
  const view: ConnectionView = Object.freeze({
    id,
    role,
    maxStreams,
    get state() {
      return state();
    },
    get healthy() {
      return !closed && !ejection.active && connection?.state !== 'failing';
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

  function tell(channel: (typeof poolChannels)['acquire']): void {
    if (channel.hasSubscribers) channel.publish({ role, connection: id, free: quota.free });
  }

  function opened(): Connection {
    if (closed) {
      throw new CtrdError('the connection has left the pool', {
        code: 'unavailable',
        reason: 'closed',
      });
    }
    if (connection === undefined) {
      connection = open();
      watching = connection.watch((now) => {
        onState(view);
        if (now !== 'ready') ejection.broke();
        else if (poolChannels.connect.hasSubscribers) {
          poolChannels.connect.publish({ role, connection: id });
        }
        onRoom();
      });
    }
    return connection;
  }

  function begin(): { readonly used: Connection; readonly mark: number } {
    const used = opened();
    inFlight += 1;
    return { used, mark: ejection.begun() };
  }

  function end(): void {
    inFlight -= 1;
    lastUse = performance.now();
  }

  function judge(error: unknown, mark: number): void {
    if (isDropped(error)) ejection.failed(mark);
    else if (showsThatItWorks(error)) ejection.succeeded();
  }

  async function shut(): Promise<void> {
    const shutting = connection;
    connection = undefined;
    watching?.[Symbol.dispose]();
    ejection[Symbol.dispose]();
    if (shutting === undefined) return;
    onState(view);
    await shutting.close();
  }

  return {
    view,
    quota,
    get idleForMs() {
      return inFlight > 0 || quota.free < maxStreams ? 0 : performance.now() - lastUse;
    },
    get open() {
      return connection;
    },
    picked(turn) {
      lastPick = turn;
    },
    async unary(call) {
      const { used, mark } = begin();
      const start = performance.now();
      try {
        const answer = await used.unary(call);
        ejection.succeeded();
        if (call.options.role !== 'stream')
          latencyMs = averaged(latencyMs, performance.now() - start);
        return answer;
      } catch (error) {
        judge(error, mark);
        throw error;
      } finally {
        end();
      }
    },
    async *stream(call) {
      const { used, mark } = begin();
      try {
        yield* used.stream(call);
        ejection.succeeded();
      } catch (error) {
        judge(error, mark);
        throw error;
      } finally {
        end();
      }
    },
    connect: (options) => opened().connect(options),
    checked(serves) {
      if (!serves) return ejection.eject();
      ejection.succeeded();
      ejection.end();
    },
    rest: shut,
    async close() {
      if (closed) return;
      closed = true;
      await shut();
    },
  };
}
