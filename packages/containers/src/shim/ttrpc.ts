import { connect, type Socket } from 'node:net';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { RequestSchema, type Response, ResponseSchema } from '@ctrd/api/ttrpc';
import { abortError, CtrdError, type ErrorCode, orAborted } from '@ctrd/core';
import { createFrameReader, encodeFrame, frameTypes } from './frame.js';

/** A connection to a shim, for calls with one request and one response. Disposing closes it. */
export interface TtrpcConnection extends Disposable {
  /** Resolves when the connection is no more. */
  readonly closed: Promise<void>;
  /**
   * Throws `unavailable` when the connection is lost, `data-loss` when the other side says what cannot
   * be read, `unimplemented` for a service or method that it does not have.
   */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: { readonly signal: AbortSignal },
  ): Promise<MessageShape<O>>;
}

interface Pending {
  resolve(response: Response): void;
  reject(error: Error): void;
}

/**
 * Connects to a socket: its path, or NUL and an abstract name. Throws `unavailable` with reason
 * `missing` or `refused`.
 */
export async function connectTtrpc(
  path: string,
  { namespace, signal }: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<TtrpcConnection> {
  if (signal.aborted) throw abortError(signal);
  const socket = connect({ path });
  try {
    await orAborted(
      signal,
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve).once('error', reject);
      }),
    );
  } catch (error) {
    socket.on('error', () => {}).destroy();
    if (signal.aborted) throw error;
    throw unreachable(error);
  }
  return onSocket(socket, namespace);
}

function onSocket(socket: Socket, namespace: string): TtrpcConnection {
  const pending = new Map<number, Pending>();
  const metadata = [{ key: 'containerd-namespace-ttrpc', value: namespace }];
  const readFrames = createFrameReader();
  let lastStream = -1;
  let lost: CtrdError | undefined;
  const closed = new Promise<void>((resolve) => socket.once('close', resolve));

  function end(why: CtrdError): void {
    lost ??= why;
    socket.destroy();
    for (const { reject } of pending.values()) reject(lost);
    pending.clear();
  }

  socket
    .on('data', (chunk: Buffer) => {
      try {
        for (const { streamId, type, payload } of readFrames(chunk)) {
          // Others are answers to calls that were given up, and extensions.
          if (type !== frameTypes.response) continue;
          pending.get(streamId)?.resolve(fromBinary(ResponseSchema, payload));
          pending.delete(streamId);
        }
      } catch (error) {
        // There is no way to know where the next message begins.
        end(unreadable(error));
      }
    })
    .on('error', (error) => end(dropped(error)))
    .on('close', () => end(dropped()));
  // The watch of a process keeps no program alive; whoever waits for it does.
  socket.unref();

  return {
    closed,
    async call(method, request, { signal }) {
      if (lost !== undefined) throw lost;
      lastStream += 2;
      const streamId = lastStream;
      const envelope = create(RequestSchema, {
        service: method.parent.typeName,
        method: method.name,
        payload: toBinary(method.input, create(method.input, request)),
        metadata,
      });
      const payload = toBinary(RequestSchema, envelope);
      const answered = new Promise<Response>((resolve, reject) => {
        pending.set(streamId, { resolve, reject });
      });
      try {
        socket.write(encodeFrame({ streamId, type: frameTypes.request, payload }));
        const response = await orAborted(signal, answered);
        if (response.status !== undefined && response.status.code !== 0) {
          throw failure(response.status);
        }
        return fromBinary(method.output, response.payload);
      } finally {
        pending.delete(streamId);
      }
    },
    [Symbol.dispose]: () => end(dropped()),
  };
}

const codes: ReadonlyMap<number, ErrorCode> = new Map([
  [3, 'invalid-argument'],
  [5, 'not-found'],
  [9, 'failed-precondition'],
  [12, 'unimplemented'],
]);

function failure({ code, message }: { code: number; message: string }): CtrdError {
  return new CtrdError(message, {
    ...{ code: codes.get(code) ?? 'unknown', cause: { status: code, details: message } },
  });
}

function dropped(cause?: Error): CtrdError {
  return new CtrdError('the connection to the shim was lost', {
    ...{ code: 'unavailable', reason: 'dropped', cause },
  });
}

function unreadable(cause: unknown): CtrdError {
  return new CtrdError('what the shim says cannot be read', { code: 'data-loss', cause });
}

function unreachable(cause: unknown): CtrdError {
  const { code } = cause as { code?: unknown };
  const reason = code === 'ENOENT' ? 'missing' : 'refused';
  return new CtrdError('the shim cannot be reached', { code: 'unavailable', reason, cause });
}
