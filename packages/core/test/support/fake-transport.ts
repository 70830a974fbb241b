import type { Message } from '@bufbuild/protobuf';
import type { StreamCall, UnaryCall } from '../../src/rpc/call.js';
import type { Transport } from '../../src/rpc/transport.js';

/** A transport without a wire, that answers as a test says and keeps the calls. */
export function fakeTransport(
  answer: (call: UnaryCall | StreamCall) => Promise<Message>,
): Transport & { readonly calls: readonly (UnaryCall | StreamCall)[] } {
  const calls: (UnaryCall | StreamCall)[] = [];
  return {
    calls,
    async unary(call) {
      calls.push(call);
      return await answer(call);
    },
    async *stream(call) {
      calls.push(call);
      yield await answer(call);
    },
    close: async () => {},
  };
}
