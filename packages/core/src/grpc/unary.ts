import type { Message } from '@bufbuild/protobuf';
import { type Channel, type StatusObject, status } from '@grpc/grpc-js';
import { CtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { UnaryCall } from '../rpc/call.js';
import { createCall, decode, encode, metadataOf } from './call-frame.js';
import { statusError } from './status.js';

/** One request, one answer. `closing` ends the call with its reason. */
export async function unary(
  channel: Channel,
  call: UnaryCall,
  closing: AbortSignal,
): Promise<Message> {
  const { method, request, options } = call;
  using merged = mergeSignals(options, closing);
  const { signal } = merged;
  if (signal.aborted) throw abortError(signal);
  const bytes = encode(method.input, request);
  const end = await exchange(channel, call, bytes, signal);
  if (end.status.code !== status.OK) {
    // Whether the caller or its clock ended the call is known here, not read from the status.
    throw signal.aborted ? abortError(signal) : statusError(end.status, method);
  }
  if (end.answer === undefined) {
    throw new CtrdError('the call ended well, but without an answer', { code: 'internal' });
  }
  return decode(method.output, end.answer);
}

interface Exchange {
  readonly status: StatusObject;
  readonly answer: Buffer | undefined;
}

function exchange(
  channel: Channel,
  { method, options }: UnaryCall,
  request: Buffer,
  signal: AbortSignal,
): Promise<Exchange> {
  return new Promise((resolve) => {
    let answer: Buffer | undefined;
    const inner = createCall(channel, method);
    const cancel = () => inner.cancelWithStatus(status.CANCELLED, 'by the client');
    signal.addEventListener('abort', cancel, { once: true });
    inner.start(metadataOf(options), {
      onReceiveMetadata() {},
      onReceiveMessage(message: Buffer) {
        answer = message;
        inner.startRead();
      },
      onReceiveStatus(ended) {
        signal.removeEventListener('abort', cancel);
        resolve({ status: ended, answer });
      },
    });
    inner.startRead();
    inner.sendMessageWithContext({}, request);
    inner.halfClose();
  });
}
