import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { CtrdError } from '../errors/index.js';
import type { Status } from '../wire/status.js';
import { statusIn } from './answer-status.js';
import { createFrameReader, prefix, tooLarge } from './frames.js';

/** How a call on a stream ended. `refused`: the daemon has not looked at it. */
export type Outcome =
  | { readonly kind: 'status'; readonly status: Status }
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly error: CtrdError };

/** A call on an HTTP/2 stream: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
export interface Exchange {
  /** Asks for one message, or for one more. */
  read(): void;
  /** Resolves when the message has been taken, or cannot be. */
  send(message: Uint8Array): Promise<void>;
  halfClose(): void;
  cancel(): void;
}

/** Up to here, one copy costs less than a second write. */
const smallBytes = 16 << 10;

export function exchange(
  stream: ClientHttp2Stream,
  maxMessageBytes: number,
  told: { message(bytes: Uint8Array): void; end(outcome: Outcome): void },
): Exchange {
  const reader = createFrameReader(maxMessageBytes);
  let wanted = 0;
  let ahead: Uint8Array | undefined;
  let status: Status | undefined;
  let cause: Error | undefined;
  let allRead = false;
  /** How it ends, once all that came before has been given. */
  let ending: Outcome | undefined;
  let over = false;

  /** Gives what is asked for; what nobody asks for stays in the daemon. */
  function pump(): void {
    if (over) return;
    try {
      for (;;) {
        ahead ??= reader.take();
        if (ahead === undefined || wanted === 0 || over) break;
        const message = ahead;
        ahead = undefined;
        wanted -= 1;
        told.message(message);
      }
    } catch (error) {
      fail(error as CtrdError);
      return;
    }
    if (over) return;
    if (ending !== undefined && ahead === undefined) finish(ending);
    else if (wanted > 0) stream.resume();
    else stream.pause();
  }

  function conclude(outcome: Outcome): void {
    ending ??= outcome;
    pump();
  }

  function finish(outcome: Outcome): void {
    if (over) return;
    over = true;
    // One that the daemon is done with is not closed while it holds what nobody reads.
    if (stream.closed) stream.destroy();
    // What has ended on both sides closes by itself. A daemon that is done early need not take the
    // rest of what is sent, and one that still speaks is told that nobody listens.
    else if (!allRead || !stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL);
    told.end(outcome);
  }

  function fail(error: CtrdError): void {
    finish({ kind: 'failed', error });
  }

  function answered(headers: IncomingHttpHeaders): void {
    status ??= statusIn(headers);
    if (allRead && status !== undefined) conclude({ kind: 'status', status });
  }

  stream.on('response', (headers, flags) => {
    answered(headers);
    // A status before the messages is none of gRPC's, nor is what follows.
    const more = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
    if (status !== undefined && more) finish({ kind: 'status', status });
  });
  stream.on('trailers', answered);
  stream.on('data', (chunk: Buffer) => {
    reader.put(chunk);
    pump();
  });
  stream.on('end', () => {
    allRead = true;
    if (status !== undefined) conclude({ kind: 'status', status });
  });
  stream.on('error', (error) => {
    cause = error;
  });
  stream.on('close', () => {
    if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) conclude({ kind: 'refused' });
    else if (status !== undefined) conclude({ kind: 'status', status });
    else conclude({ kind: 'failed', error: dropped(cause) });
  });
  stream.pause();

  return {
    read() {
      wanted += 1;
      pump();
    },
    send(message) {
      if (message.byteLength > maxMessageBytes) fail(tooLarge(message.byteLength, maxMessageBytes));
      return over ? Promise.resolve() : write(stream, message);
    },
    halfClose: () => void stream.end(),
    cancel: () => fail(new CtrdError('was cancelled', { code: 'aborted' })),
  };
}

function write(stream: ClientHttp2Stream, message: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const start = prefix(message.byteLength);
    const done = () => resolve();
    if (message.byteLength <= smallBytes) {
      stream.write(Buffer.concat([start, message]), done);
      return;
    }
    stream.cork();
    stream.write(start);
    stream.write(message, done);
    stream.uncork();
  });
}

function dropped(cause: Error | undefined): CtrdError {
  return new CtrdError('the call was cut off: its stream ended without a status', {
    code: 'unavailable',
    reason: 'dropped',
    cause,
  });
}
