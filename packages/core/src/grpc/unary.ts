import type { Message } from '@bufbuild/protobuf';
import type { Client } from '@grpc/grpc-js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { UnaryCall } from '../rpc/call.js';
import { frameOf, metadataOf } from './call-frame.js';
import { statusError } from './status.js';

/** One request, one answer. */
export async function unary(client: Client, call: UnaryCall): Promise<Message> {
  const { method, request, options } = call;
  using merged = mergeSignals(options);
  const { signal } = merged;
  if (signal.aborted) throw abortError(signal);
  const { path, serialize, deserialize } = frameOf(method);
  let cancel = () => {};
  try {
    return await new Promise<Message>((resolve, reject) => {
      const inner = client.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        metadataOf(options),
        (error, answer) => {
          if (error === null && answer !== undefined) resolve(answer);
          // The caller's abort and clock are decided here, not by what the daemon makes of them.
          else if (signal.aborted) reject(abortError(signal));
          else if (error !== null) reject(statusError(error, method));
        },
      );
      cancel = () => inner.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
