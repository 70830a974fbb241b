import { constants } from 'node:os';
import { CtrdError } from '@ctrd/client/core';

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
  let forwarded: ((name: NodeJS.Signals) => void) | undefined;
  const came = (name: NodeJS.Signals) => {
    if (forwarded !== undefined) forwarded(name);
    // Whoever asks again does not want to wait for the clean-up.
    else if (interrupted.signal.aborted) process.exit(130);
    else {
      interrupted.abort(new CtrdError('interrupted', { code: 'aborted', reason: 'interrupted' }));
    }
  };
  // Whoever reads our output has gone: as with a pipe in a shell, so does whoever writes it.
  const gone = ({ code }: NodeJS.ErrnoException) => {
    // A terminal that went away says EIO; what that means is not ours to say.
    if (code !== 'EPIPE') return;
    if (forwarded === undefined) process.exit(128 + constants.signals.SIGPIPE);
    forwarded('SIGKILL');
  };
  for (const name of ending) process.on(name, came);
  process.stdout.on('error', gone);
  return {
    signal: interrupted.signal,
    forward(to) {
      forwarded = to;
      for (const name of others) process.on(name, to);
      return {
        [Symbol.dispose]() {
          forwarded = undefined;
          for (const name of others) process.off(name, to);
        },
      };
    },
    [Symbol.dispose]() {
      for (const name of ending) process.off(name, came);
      process.stdout.off('error', gone);
    },
  };
}
