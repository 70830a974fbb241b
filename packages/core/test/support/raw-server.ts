import {
  constants,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';

/** A server that speaks HTTP/2 and misbehaves as a test wants. */
export interface RawServer extends AsyncDisposable {
  /** Connections that are open. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
}

export async function rawServer(
  path: string,
  onCall: (stream: ServerHttp2Stream, session: ServerHttp2Session) => void,
): Promise<RawServer> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    const { session } = stream;
    if (session !== undefined) onCall(stream, session as ServerHttp2Session);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    sessions,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy();
        server.close(() => resolve());
      }),
  };
}

/** The headers that begin an answer. */
export const answerHeaders = { ':status': 200, 'content-type': 'application/grpc' } as const;

/** A whole answer: headers, one empty message, the status OK. */
export function answerEmpty(stream: ServerHttp2Stream): void {
  stream.respond(answerHeaders, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(emptyMessage);
}

/** A message of no bytes, framed: not compressed, length 0. */
export const emptyMessage = Buffer.alloc(5);

export const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL } = constants;
