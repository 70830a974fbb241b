import type { Message } from '@bufbuild/protobuf';
import { CtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { UnaryCall } from '../rpc/call.js';
import { decode, encode } from './messages.js';
import type { OpenCall, WireCall } from './wire-call.js';

/** One request, one answer. `closing` ends the call with its reason. */
export async function unary(
  open: OpenCall,
  call: UnaryCall,
  closing: AbortSignal,
): Promise<Message> {
  const { method, request, options } = call;
  using merged = mergeSignals(options, closing);
  const { signal } = merged;
  if (signal.aborted) throw abortError(signal);
  const bytes = encode(method.input, request);
  const { failure, answer } = await exchange(open(method, options), bytes, signal);
  // Whether the caller or its clock ended the call is known here, not read from the failure.
  if (failure !== undefined) throw signal.aborted ? abortError(signal) : failure;
  if (answer === undefined) {
    throw new CtrdError('the call ended well, but without an answer', { code: 'internal' });
  }
  return decode(method.output, answer);
}

interface Exchange {
  readonly failure: CtrdError | undefined;
  readonly answer: Uint8Array | undefined;
}

function exchange(call: WireCall, request: Uint8Array, signal: AbortSignal): Promise<Exchange> {
  return new Promise((resolve) => {
    let answer: Uint8Array | undefined;
    const cancel = () => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    call.start({
      message(bytes) {
        answer = bytes;
        call.read();
      },
      end(failure) {
        signal.removeEventListener('abort', cancel);
        resolve({ failure, answer });
      },
    });
    void call.send(request);
    call.halfClose();
  });
}
