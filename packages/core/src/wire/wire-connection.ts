import { setMaxListeners } from 'node:events';
import { CtrdError } from '../errors/index.js';
import { mergeSignals } from '../kernel/cancellation.js';
import type { Connection } from '../rpc/transport.js';
import { stream } from './stream.js';
import { unary } from './unary.js';
import type { OpenCall } from './wire-call.js';

/** What carries the calls of one connection. */
export interface Wire {
  readonly state: Connection['state'];
  readonly watch: Connection['watch'];
  readonly open: OpenCall;
  /** Resolves when it is ready. Rejects as soon as an attempt fails, and says why. */
  reach(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** The connection over a wire. Calls in flight end with it: a wire may let them go on. */
export function wireConnection(wire: Wire): Connection {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  return {
    get state() {
      return wire.state;
    },
    watch: (listener) => wire.watch(listener),
    async connect({ signal }) {
      using merged = mergeSignals({ signal }, closing.signal);
      await wire.reach(merged.signal);
    },
    unary: (call) => unary(wire.open, call, closing.signal),
    stream: (call) => stream(wire.open, call, closing.signal),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(
        new CtrdError('the connection is closed', { code: 'unavailable', reason: 'closed' }),
      );
      wire.close();
    },
  };
}
