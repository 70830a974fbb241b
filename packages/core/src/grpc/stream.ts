import type { Message } from '@bufbuild/protobuf';
import { type Channel, type StatusObject, status } from '@grpc/grpc-js';
import { type CtrdError, toCtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { StreamCall } from '../rpc/call.js';
import { createCall, decode, metadataOf } from './call-frame.js';
import { createInbox } from './inbox.js';
import { sendRequests } from './send-requests.js';
import { statusError } from './status.js';

/**
 * Requests out, answers in, each with back-pressure. The three streaming kinds are one on the wire;
 * those with a single request or answer just end that side early. The call is made when the first
 * answer is asked for. `closing` ends it with its reason.
 */
export function stream(
  channel: Channel,
  call: StreamCall,
  closing: AbortSignal,
): AsyncIterable<Message> {
  return { [Symbol.asyncIterator]: () => answersOf(channel, call, closing) };
}

function answersOf(
  channel: Channel,
  call: StreamCall,
  closing: AbortSignal,
): AsyncIterator<Message> {
  let flow: Flow | undefined;
  let over = false;
  return {
    async next() {
      if (over) return { done: true, value: undefined };
      try {
        flow ??= start(channel, call, closing);
        const message = await flow.next();
        if (message !== undefined) return { done: false, value: message };
      } catch (error) {
        over = true;
        throw error;
      }
      over = true;
      return { done: true, value: undefined };
    },
    async return() {
      over = true;
      flow?.cancel();
      return { done: true, value: undefined };
    },
  };
}

/** A call under way. */
interface Flow {
  /** The next answer; undefined when the call has ended well. */
  next(): Promise<Message | undefined>;
  cancel(): void;
}

function start(channel: Channel, call: StreamCall, closing: AbortSignal): Flow {
  const { method, requests, options } = call;
  const merged = mergeSignals(options, closing);
  const { signal } = merged;
  if (signal.aborted) throw abortError(signal);
  const metadata = metadataOf(options);
  const inner = createCall(channel, method);
  const inbox = createInbox<Message>(() => inner.startRead());
  let failure: unknown;
  const cancel = () => inner.cancelWithStatus(status.CANCELLED, 'by the client');
  const fail = (error: unknown) => {
    failure ??= error;
    cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  inner.start(metadata, {
    onReceiveMetadata() {},
    onReceiveMessage(bytes: Buffer) {
      try {
        inbox.put(decode(method.output, bytes));
      } catch (error) {
        fail(error);
      }
    },
    onReceiveStatus(ended) {
      signal.removeEventListener('abort', cancel);
      merged[Symbol.dispose]();
      sending.stop();
      inbox.end(failureOf(ended));
    },
  });
  const sending = sendRequests(inner, method.input, requests, fail);
  inner.startRead();

  /** What ended the call, the caller and its clock first: the status says only what followed. */
  function failureOf(ended: StatusObject): CtrdError | undefined {
    if (ended.code === status.OK) return undefined;
    if (signal.aborted) return abortError(signal);
    return failure === undefined ? statusError(ended, method) : toCtrdError(failure);
  }

  return {
    next: () => inbox.take(),
    cancel() {
      inbox.end(undefined);
      cancel();
    },
  };
}
