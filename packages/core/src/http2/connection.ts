import { setMaxListeners } from 'node:events';
import { CtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import { socketPath } from '../rpc/address.js';
import type { Connection } from '../rpc/transport.js';
import { stream } from '../wire/stream.js';
import { unary } from '../wire/unary.js';
import { type Link, openLink } from './link.js';
import { sessionCalls } from './session-call.js';

/** A connection on a socket of its own, made anew when it was lost. */
export function openConnection(address: string, maxMessageBytes: number): Connection {
  const link = openLink(socketPath(address));
  const open = sessionCalls(link, maxMessageBytes);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);

  return {
    get state() {
      return link.state;
    },
    watch: link.watch,
    async connect({ signal }) {
      using merged = mergeSignals({ signal }, closing.signal);
      await reach(link, merged.signal);
    },
    unary: (call) => unary(open, call, closing.signal),
    stream: (call) => stream(open, call, closing.signal),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(
        new CtrdError('the connection is closed', { code: 'unavailable', reason: 'closed' }),
      );
      link.close();
    },
  };
}

function reach(link: Link, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortError(signal));
    if (link.session !== undefined) return resolve();
    const aborted = () => {
      waiting[Symbol.dispose]();
      reject(abortError(signal));
    };
    const settled = () => signal.removeEventListener('abort', aborted);
    signal.addEventListener('abort', aborted, { once: true });
    const waiting = link.wait({
      patient: false,
      ready() {
        settled();
        resolve();
      },
      failed(error) {
        settled();
        reject(error);
      },
    });
  });
}
