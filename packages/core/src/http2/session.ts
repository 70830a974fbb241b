import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';

/** A session with a daemon. Only calls under way on it keep the process alive. */
export interface Session {
  /** Whether a call can be made on it: the daemon may have gone, or said that it will. */
  readonly usable: boolean;
  /** Throws when it is not usable. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream;
  /** Tells, once, that it is not usable any more; calls under way may still go on. */
  onLeft(listener: () => void): void;
  destroy(): void;
}

export function createSession(session: ClientHttp2Session): Session {
  let calls = 0;
  session.unref();
  return {
    get usable() {
      return !session.closed && !session.destroyed;
    },
    request(headers) {
      const stream = session.request(headers, { endStream: false });
      if (calls === 0) session.ref();
      calls += 1;
      stream.once('close', () => {
        calls -= 1;
        if (calls === 0 && !session.destroyed) session.unref();
      });
      return stream;
    },
    onLeft(listener) {
      let told = false;
      const tell = () => {
        if (!told) listener();
        told = true;
      };
      session.once('goaway', tell);
      session.once('close', tell);
    },
    destroy: () => session.destroy(),
  };
}
