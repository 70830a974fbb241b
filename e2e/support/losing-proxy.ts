import { rename } from 'node:fs/promises';
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import net from 'node:net';
import type { TestDaemon } from './daemon.js';

/** A proxy at a daemon's own address, which loses connections when it is told to. */
export interface LosingProxy extends AsyncDisposable {
  /**
   * The daemon does the next call of a method, and the connection is lost instead of its answer:
   * `tasks.v1.Tasks/Start`. Resolves when that has happened.
   */
  loseAnswer(method: string): Promise<void>;
  /** Pings the daemon on every connection until it ends them for that; resolves when it has. */
  pingTooMuch(): Promise<void>;
}

/** The daemon listens elsewhere as long as the proxy is there; it must not be restarted meanwhile. */
export async function losingProxy({ address }: TestDaemon): Promise<LosingProxy> {
  const elsewhere = `${address}.real`;
  await rename(address, elsewhere);
  const daemons = new Set<ClientHttp2Session>();
  let losing: { readonly path: string; readonly lost: () => void } | undefined;

  const server = http2.createServer();
  server.on('session', (client) => {
    const daemon = http2.connect('http://localhost', {
      createConnection: () => net.connect(elsewhere),
    });
    daemons.add(daemon);
    for (const session of [client, daemon]) session.on('error', () => {});
    client.on('close', () => daemon.destroy());
    daemon.on('close', () => {
      daemons.delete(daemon);
      client.destroy();
    });
    client.on('stream', (stream, headers) => {
      const call = daemon.request(headers);
      for (const one of [stream, call]) one.on('error', () => {});
      stream.on('close', () => call.close(http2.constants.NGHTTP2_CANCEL)).pipe(call);
      if (losing === undefined || losing.path !== headers[':path']) return answer(stream, call);
      const { lost } = losing;
      losing = undefined;
      call.resume().on('end', () => {
        client.destroy();
        lost();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(address, resolve));

  return {
    loseAnswer: (method) =>
      new Promise((lost) => {
        losing = { path: `/containerd.services.${method}`, lost };
      }),
    async pingTooMuch() {
      await Promise.all(
        [...daemons].map(async (daemon) => {
          const ended = new Promise((resolve) => daemon.once('goaway', resolve));
          // The daemon forgives two.
          for (let count = 0; count < 4; count += 1) daemon.ping(() => {});
          await ended;
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      for (const daemon of daemons) daemon.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rename(elsewhere, address);
    },
  };
}

/** Hands the daemon's answer to a call back. */
function answer(stream: ServerHttp2Stream, call: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  call.on('trailers', (last) => {
    trailers = last;
  });
  call.on('response', (head, flags) => {
    if (stream.destroyed) return;
    const only = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(head, only ? { endStream: true } : { waitForTrailers: true });
    if (!only) call.pipe(stream);
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
}
