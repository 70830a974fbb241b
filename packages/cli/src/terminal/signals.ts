import { setMaxListeners } from 'node:events';
import { CtrdError } from '@ctrd/client/core';
import { endWithOutput, isReaderGone } from './lost-output.js';

/** What the signals that come to this process mean. */
export interface SignalRelay extends Disposable {
  /** Aborts with the first SIGINT, SIGTERM or SIGHUP, unless they are forwarded. */
  readonly signal: AbortSignal;
  /** Leads signals somewhere else until the result is disposed. */
  forward(to: (name: NodeJS.Signals) => void): Disposable;
}

const ending = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const others = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

/** Listens from now on: a signal never ends this process while it has something to clean up. */
export function relaySignals(): SignalRelay {
  const interrupted = new AbortController();
  // A command may be given any number of containers.
  setMaxListeners(0, interrupted.signal);
  let forwarded: ((name: NodeJS.Signals) => void) | undefined;
  const came = (name: NodeJS.Signals) => {
    if (forwarded !== undefined) forwarded(name);
    // Whoever asks again does not want to wait for the clean-up.
    else if (interrupted.signal.aborted) process.exit(130);
    else {
      interrupted.abort(new CtrdError('interrupted', { code: 'aborted', reason: 'interrupted' }));
    }
  };
  for (const name of ending) process.on(name, came);
  return {
    signal: interrupted.signal,
    forward(to) {
      forwarded = to;
      // What runs is ended, and this process then ends as it did.
      const kill = (error: Error) => {
        if (isReaderGone(error)) to('SIGKILL');
      };
      for (const name of others) process.on(name, to);
      process.stdout.off('error', endWithOutput).on('error', kill);
      return {
        [Symbol.dispose]() {
          forwarded = undefined;
          for (const name of others) process.off(name, to);
          process.stdout.off('error', kill).on('error', endWithOutput);
        },
      };
    },
    [Symbol.dispose]() {
      for (const name of ending) process.off(name, came);
    },
  };
}
