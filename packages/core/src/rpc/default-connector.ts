import type { Message } from '@bufbuild/protobuf';
import { stateListeners } from './state-listeners.js';
import type { Connection, Connector } from './transport.js';

/**
 * The gRPC connector, loaded when the first call needs it: who only imports a type or a token of
 * this package loads no gRPC.
 */
export const defaultConnector: Connector = {
  open(address) {
    const listeners = stateListeners();
    let loading: Promise<Connection> | undefined;
    let loaded: Connection | undefined;
    let closed = false;

    async function load(): Promise<Connection> {
      // By its public name: a host that provides another connector leaves it out of its bundle with that.
      const { grpcConnector } = await import('@ctrd/core/grpc');
      loaded = grpcConnector().open(address);
      // Closed meanwhile: calls are refused by the connection itself.
      if (closed) await loaded.close();
      else loaded.watch(listeners.tell);
      return loaded;
    }
    const connection = () => (loading ??= load());

    return {
      get state() {
        if (closed) return 'closed';
        return loaded?.state ?? 'idle';
      },
      watch: listeners.watch,
      connect: async (options) => (await connection()).connect(options),
      unary: async (call) => (await connection()).unary(call),
      stream: (call) => {
        if (loaded !== undefined) return loaded.stream(call);
        return deferred(async () => (await connection()).stream(call));
      },
      async close() {
        if (closed) return;
        closed = true;
        if (loaded === undefined) listeners.tell('closed');
        await (await loading)?.close();
        listeners.clear();
      },
    };
  },
};

/** The stream that a promise brings. Not a generator: leaving it must not wait for an answer. */
function deferred(open: () => Promise<AsyncIterable<Message>>): AsyncIterable<Message> {
  return {
    [Symbol.asyncIterator]() {
      let opening: Promise<AsyncIterator<Message>> | undefined;
      const end = { done: true, value: undefined } as const;
      let left = false;
      return {
        async next() {
          if (left) return end;
          opening ??= open().then((answers) => answers[Symbol.asyncIterator]());
          const inner = await opening;
          return left ? end : await inner.next();
        },
        async return() {
          left = true;
          await (await opening)?.return?.();
          return end;
        },
      };
    },
  };
}
