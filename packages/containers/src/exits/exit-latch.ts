import { abortError, orAborted } from '@ctrd/core';
import type { ExitMessage } from './exit-message.js';

/** Delivers one exit to any number of waiters, present and future. */
export interface ExitLatch {
  /** The exit, when it is there. */
  readonly exit: ExitMessage | undefined;
  wait(signal: AbortSignal): Promise<ExitMessage>;
  /** Only the first one counts. */
  settle(exit: ExitMessage): void;
  /** Ends the waiting without an exit: nobody watches any more. */
  fail(error: Error): void;
}

export function createExitLatch(): ExitLatch {
  let exit: ExitMessage | undefined;
  let resolve: (exit: ExitMessage) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const settled = new Promise<ExitMessage>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Having no waiter is no failure.
  settled.catch(() => {});
  return {
    get exit() {
      return exit;
    },
    wait: (signal) =>
      signal.aborted ? Promise.reject(abortError(signal)) : orAborted(signal, settled),
    settle(message) {
      exit ??= message;
      resolve(exit);
    },
    fail: reject,
  };
}
