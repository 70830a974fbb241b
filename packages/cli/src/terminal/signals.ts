import { setMaxListeners } from 'node:events';
import { CtrdError } from '@ctrd/client/core';
import { endWithOutput, isReaderGone, readerGone, unwritten } from './lost-output.js';

/** What the signals that come to this process mean. */
export interface SignalRelay extends Disposable {
  /**
   * Aborts with the first SIGINT, SIGTERM or SIGHUP, unless they are forwarded, and when the output
   * cannot be written any more.
   */
  readonly signal: AbortSignal;
  /** Leads signals somewhere else until the result is disposed. */
  forward(to: (name: NodeJS.Signals) => void): Disposable;
  /** Throws when some of the output was not written. */
  throwIfLost(): void;
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
  let loss: CtrdError | undefined;
  // A command gives back what it holds first.
  const lost = (error: NodeJS.ErrnoException) => {
    // A terminal that went away; what that means is not ours to say.
    if (error.code === 'EIO') return;
    const reason = isReaderGone(error) ? readerGone : 'output';
    loss = new CtrdError(unwritten(error), { code: 'aborted', reason, cause: error });
    interrupted.abort(loss);
  };
  for (const name of ending) process.on(name, came);
  process.stdout.off('error', endWithOutput).on('error', lost);
  return {
    signal: interrupted.signal,
    forward(to) {
      forwarded = to;
      // What runs is ended, and this process then ends as it did.
      const kill = (error: Error) => {
        if (isReaderGone(error)) to('SIGKILL');
      };
      for (const name of others) process.on(name, to);
      process.stdout.off('error', lost).on('error', kill);
      return {
        [Symbol.dispose]() {
          forwarded = undefined;
          for (const name of others) process.off(name, to);
          process.stdout.off('error', kill).on('error', lost);
        },
      };
    },
    throwIfLost() {
      if (loss !== undefined) throw loss;
    },
    [Symbol.dispose]() {
      for (const name of ending) process.off(name, came);
      process.stdout.off('error', lost).on('error', endWithOutput);
    },
  };
}
