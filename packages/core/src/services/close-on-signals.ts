import { setTimeout as sleep } from 'node:timers/promises';
import { checkMilliseconds, toCtrdError } from '../errors/index.js';
import type { ClientBase } from '../kernel/client.js';
import { definePlugin } from '../kernel/plugin.js';

/** Options of {@link closeOnSignals}. */
export interface CloseOnSignalsOptions {
  /** Default: SIGINT and SIGTERM. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** Milliseconds that the close may take before the process ends without it. Default: 10 000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Closes the client when the process is told to end, and then lets it end by that signal. Nobody is
 * told of an exit that was none: containers go on, for the next life of the host to recover.
 *
 * What the host does at the signal itself comes first: while it listens too, the process goes on.
 * A second signal ends it at once. Throws `invalid-argument`.
 */
export function closeOnSignals({
  signals = ['SIGINT', 'SIGTERM'],
  timeoutMs = 10_000,
}: CloseOnSignalsOptions = {}) {
  checkMilliseconds('timeoutMs', timeoutMs);
  return definePlugin({
    name: 'close-on-signals',
    setup(context) {
      let ending = false;

      async function close(signal: NodeJS.Signals): Promise<void> {
        try {
          await context.client<ClientBase>().close();
        } catch (error) {
          context.report({ source: `close on ${signal}`, error: toCtrdError(error) });
        }
      }

      async function end(signal: NodeJS.Signals): Promise<void> {
        if (!ending) {
          ending = true;
          await Promise.race([close(signal), sleep(timeoutMs, undefined, { ref: false })]);
        }
        unlisten();
        // Another client may still be closing: the last one ends the process.
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      }

      const listener = (signal: NodeJS.Signals): void => void end(signal);
      const unlisten = () => {
        for (const signal of signals) process.off(signal, listener);
      };
      return {
        start() {
          for (const signal of signals) process.on(signal, listener);
        },
        stop() {
          // Without it, a second signal would end nothing before the first one has.
          if (!ending) unlisten();
        },
      };
    },
  });
}
