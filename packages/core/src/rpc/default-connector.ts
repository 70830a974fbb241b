import type { Message } from '@bufbuild/protobuf';
import type { StreamCall, UnaryCall } from './call.js';
import type { Connection, ConnectionState, Connector } from './transport.js';

/**
 * The gRPC connector, loaded when the first call needs it: who only imports a type or a token of
 * this package loads no gRPC.
 */
export const defaultConnector: Connector = {
  open(address) {
    const listeners = new Set<(state: ConnectionState) => void>();
    let inner: Promise<Connection> | undefined;
    let opened: Connection | undefined;
    let closed = false;

    async function open(): Promise<Connection> {
      const { grpcConnector } = await import('../grpc/index.js');
      opened = grpcConnector().open(address);
      opened.watch((state) => {
        for (const listener of [...listeners]) listener(state);
      });
      if (closed) await opened.close();
      return opened;
    }
    const connection = () => (inner ??= open());

    return {
      get state() {
        return opened?.state ?? (closed ? 'closed' : 'idle');
      },
      watch(listener) {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      connect: async (options) => (await connection()).connect(options),
      unary: async (call: UnaryCall): Promise<Message> => (await connection()).unary(call),
      async *stream(call: StreamCall) {
        yield* (await connection()).stream(call);
      },
      async close() {
        closed = true;
        await (await inner)?.close();
      },
    };
  },
};
