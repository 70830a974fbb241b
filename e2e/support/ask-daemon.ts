import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';

/** For a daemon that hangs. */
const longestMs = 60_000;

/** Makes one call and gives its answers: one of a unary call, all of a stream. */
export type Ask = <M extends DescMethod>(
  method: M,
  request?: MessageInitShape<M['input']>,
) => Promise<MessageShape<M['output']>[]>;

/**
 * Asks a daemon by gRPC on a bare HTTP/2 session, which has gone when this resolves. It stands on no
 * client of ours, and starts no process as `ctr` does.
 */
export async function askDaemon<T>(
  address: string,
  namespace: string,
  use: (ask: Ask) => Promise<T>,
): Promise<T> {
  const socket = connectSocket(address);
  const gone = new Promise((resolve) => socket.once('close', resolve));
  const session = connect('http://localhost', { createConnection: () => socket });
  // The calls fail with it.
  session.on('error', () => {});
  const guard = setTimeout(() => session.destroy(), longestMs);
  try {
    return await use((method, request) => call(session, namespace, method, request));
  } finally {
    clearTimeout(guard);
    session.destroy();
    await gone;
  }
}

async function call<M extends DescMethod>(
  session: ClientHttp2Session,
  namespace: string,
  method: M,
  request?: MessageInitShape<M['input']>,
): Promise<MessageShape<M['output']>[]> {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${method.parent.typeName}/${method.name}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    'containerd-namespace': namespace,
  });
  let status: unknown;
  let message: unknown;
  for (const event of ['response', 'trailers']) {
    stream.on(event, (headers: Record<string, string>) => {
      status ??= headers['grpc-status'];
      message ??= headers['grpc-message'];
    });
  }
  stream.end(framed(toBinary(method.input, create(method.input, request))));
  const [body] = await Promise.all([buffer(stream), once(stream, 'close')]);
  if (status !== '0') throw new Error(`${method.name} answers ${status}: ${message}`);
  const answers: MessageShape<M['output']>[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    answers.push(
      fromBinary(method.output, body.subarray(at + 5, end)) as MessageShape<M['output']>,
    );
    at = end;
  }
  return answers;
}

/** A message as it travels: not compressed, its length, its bytes. */
function framed(bytes: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}
