import type { Message } from '@bufbuild/protobuf';
import type { Connection, ConnectionState, Connector } from './transport.js';

/**
 * The gRPC connector, loaded when the first call needs it: who only imports a type or a token of
 * this package loads no gRPC.
 */
export const defaultConnector: Connector = {
  open(address) {
    const listeners = new Set<{ readonly tell: (state: ConnectionState) => void }>();
    let loading: Promise<Connection> | undefined;
    let loaded: Connection | undefined;
    let closed = false;

    const tell = (state: ConnectionState) => {
      for (const listener of [...listeners]) listener.tell(state);
    };

    async function load(): Promise<Connection> {
      const { grpcConnector } = await import('../grpc/index.js');
      loaded = grpcConnector().open(address);
      // Closed meanwhile: calls are refused by the connection itself.
      if (closed) await loaded.close();
      else loaded.watch(tell);
      return loaded;
    }
    const connection = () => (loading ??= load());

    return {
      get state() {
        if (closed) return 'closed';
        return loaded?.state ?? 'idle';
      },
      watch(listener) {
        const entry = { tell: listener };
        listeners.add(entry);
        return { [Symbol.dispose]: () => void listeners.delete(entry) };
      },
      connect: async (options) => (await connection()).connect(options),
      unary: async (call) => (await connection()).unary(call),
      stream: (call) => {
        if (loaded !== undefined) return loaded.stream(call);
        return deferred(async () => (await connection()).stream(call));
      },
      async close() {
        if (closed) return;
        closed = true;
        if (loaded === undefined) tell('closed');
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
