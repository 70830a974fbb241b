import { abortError } from '../kernel/cancellation.js';
import { socketPath } from '../rpc/address.js';
import type { Connection } from '../rpc/transport.js';
import { wireConnection } from '../wire/wire-connection.js';
import { type Link, openLink } from './link.js';
import { sessionCalls } from './session-call.js';

/** A connection on a socket of its own, made anew when it was lost. */
export function openConnection(address: string, maxMessageBytes: number): Connection {
  const link = openLink(socketPath(address));
  return wireConnection({
    get state() {
      return link.state;
    },
    watch: link.watch,
    open: sessionCalls(link, maxMessageBytes),
    reach: (signal) => reach(link, signal),
    close: link.close,
  });
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
