import { once } from 'node:events';
import type { Message } from '@bufbuild/protobuf';
import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { toCtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { StreamCall } from '../rpc/call.js';
import { frameOf, metadataOf } from './call-frame.js';
import { statusError } from './status.js';

/**
 * Requests out, answers in, each with back-pressure. The three streaming kinds are one on the wire;
 * those with a single request or answer just end that side early.
 */
export async function* stream(client: Client, call: StreamCall): AsyncGenerator<Message> {
  const { method, requests, options } = call;
  using merged = mergeSignals(options);
  const { signal } = merged;
  if (signal.aborted) throw abortError(signal);
  const { path, serialize, deserialize } = frameOf(method);
  const inner = client.makeBidiStreamRequest(path, serialize, deserialize, metadataOf(options));
  // It may fail once more after the iteration is over, with nobody left to tell.
  inner.on('error', () => {});
  const cancel = () => inner.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const done = new AbortController();
  const sent = send(inner, requests, done.signal);
  try {
    for await (const answer of inner) yield answer as Message;
    // The answers are over; a failure of the requests is the call's all the same.
    if (sent.failure !== undefined) throw sent.failure;
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (sent.failure !== undefined) throw toCtrdError(sent.failure);
    throw isServiceError(error) ? statusError(error, method) : toCtrdError(error);
  } finally {
    signal.removeEventListener('abort', cancel);
    done.abort();
    // Leaving a loop early does not end the call by itself (grpc-node #2385).
    inner.cancel();
  }
}

/** Writes the requests as fast as the daemon takes them; their failure ends the call. */
function send(
  inner: ClientDuplexStream<Message, Message>,
  requests: AsyncIterable<Message>,
  done: AbortSignal,
): { readonly failure: unknown } {
  const result: { failure: unknown } = { failure: undefined };
  async function pump(): Promise<void> {
    for await (const request of requests) {
      if (done.aborted) return;
      if (!inner.write(request)) await once(inner, 'drain', { signal: done });
    }
    if (!done.aborted) inner.end();
  }
  pump().catch((error: unknown) => {
    if (done.aborted) return;
    result.failure = error;
    inner.cancel();
  });
  return result;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}
