import type { Message } from '@bufbuild/protobuf';
import { type CtrdError, toCtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { StreamCall } from '../rpc/call.js';
import { createInbox } from './inbox.js';
import { decode } from './messages.js';
import { sendRequests } from './send-requests.js';
import type { OpenCall } from './wire-call.js';

/**
 * Requests out, answers in, each with back-pressure. The three streaming kinds are one on the wire;
 * those with a single request or answer just end that side early. The call is made when the first
 * answer is asked for. `closing` ends it with its reason.
 */
export function stream(
  open: OpenCall,
  call: StreamCall,
  closing: AbortSignal,
): AsyncIterable<Message> {
  return { [Symbol.asyncIterator]: () => answersOf(open, call, closing) };
}

function answersOf(open: OpenCall, call: StreamCall, closing: AbortSignal): AsyncIterator<Message> {
  let flow: Flow | undefined;
  let over = false;
  return {
    async next() {
      if (over) return { done: true, value: undefined };
      try {
        flow ??= start(open, call, closing);
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

function start(open: OpenCall, call: StreamCall, closing: AbortSignal): Flow {
  const { method, requests, options } = call;
  const inner = open(method, options);
  const merged = mergeSignals(options, closing);
  const { signal } = merged;
  if (signal.aborted) {
    merged[Symbol.dispose]();
    throw abortError(signal);
  }
  const inbox = createInbox<Message>(() => inner.read());
  let failure: unknown;
  const cancel = () => inner.cancel();
  const fail = (error: unknown) => {
    failure ??= error;
    cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  inner.start({
    message(bytes) {
      try {
        inbox.put(decode(method.output, bytes));
      } catch (error) {
        fail(error);
      }
    },
    end(ended) {
      signal.removeEventListener('abort', cancel);
      merged[Symbol.dispose]();
      sending.stop();
      inbox.end(ended && whatEnded(ended));
    },
  });
  const sending = sendRequests(inner, method.input, requests, fail);

  /** What ended the call, the caller and its clock first: its own end says only what followed. */
  function whatEnded(ended: CtrdError): CtrdError {
    if (signal.aborted) return abortError(signal);
    return failure === undefined ? ended : toCtrdError(failure);
  }

  return {
    next: () => inbox.take(),
    cancel() {
      inbox.end(undefined);
      cancel();
    },
  };
}
