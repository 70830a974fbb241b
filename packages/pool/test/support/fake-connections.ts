import { create, type Message } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  abortError,
  type CallOptions,
  type Connection,
  type ConnectionState,
  CtrdError,
} from '@ctrd/core';

/** A call that is under way on a {@link FakeConnection}; the test ends it. */
export interface FakeCall {
  readonly options: CallOptions;
  readonly on: FakeConnection;
  answer(): void;
  fail(error: Error): void;
}

/** A connection whose state and calls are in the hands of the test. */
export interface FakeConnection extends Connection {
  readonly calls: ReadonlySet<FakeCall>;
  become(state: ConnectionState): void;
}

export interface FakeConnections {
  readonly open: () => FakeConnection;
  /** All that were ever opened. */
  readonly opened: readonly FakeConnection[];
  /** The calls under way on all of them, the oldest first. */
  calls(): readonly FakeCall[];
}

export interface FakeOptions {
  /** How the n-th connection (from 0) connects. Default: it is ready. */
  readonly connect?: (index: number, signal: AbortSignal) => Promise<void>;
  /** How the n-th connection closes. Default: well. */
  readonly close?: (index: number) => void;
}

export const dropped = () =>
  new CtrdError('the connection was dropped', { code: 'unavailable', reason: 'dropped' });

/** For what a real server cannot be made to do step by step: exact interleavings, failing closes. */
export function fakeConnections(options: FakeOptions = {}): FakeConnections {
  const opened: FakeConnection[] = [];
  const underWay = new Set<FakeCall>();

  function open(): FakeConnection {
    const index = opened.length;
    const calls = new Set<FakeCall>();
    const listeners = new Set<(state: ConnectionState) => void>();
    let state: ConnectionState = 'idle';

    function become(next: ConnectionState): void {
      state = next;
      for (const listener of [...listeners]) listener(next);
    }

    function begin(callOptions: CallOptions): Promise<Message> {
      return new Promise((resolve, reject) => {
        const { signal } = callOptions;
        if (signal?.aborted) return reject(abortError(signal));
        const finish = (settle: () => void) => {
          signal?.removeEventListener('abort', aborted);
          calls.delete(call);
          underWay.delete(call);
          settle();
        };
        const aborted = () => finish(() => reject(signal && abortError(signal)));
        const call: FakeCall = {
          options: callOptions,
          on: connection,
          answer: () => finish(() => resolve(create(EmptySchema))),
          fail: (error) => finish(() => reject(error)),
        };
        signal?.addEventListener('abort', aborted, { once: true });
        calls.add(call);
        underWay.add(call);
      });
    }

    const connection: FakeConnection = {
      calls,
      become,
      get state() {
        return state;
      },
      watch(listener) {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      async connect({ signal }) {
        await options.connect?.(index, signal);
        become('ready');
      },
      unary: (call) => begin(call.options),
      async *stream(call) {
        yield await begin(call.options);
      },
      async close() {
        for (const call of [...calls]) {
          call.fail(new CtrdError('closed', { code: 'unavailable', reason: 'closed' }));
        }
        become('closed');
        options.close?.(index);
      },
    };
    opened.push(connection);
    return connection;
  }

  return { open, opened, calls: () => [...underWay] };
}
