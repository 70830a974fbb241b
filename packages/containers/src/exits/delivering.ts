import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExitMessage, ProcessKey } from './exit-message.js';

const current = new AsyncLocalStorage<ExitMessage>();

/**
 * Runs the handlers of an exit. A handler that waits for, or destroys, its own container finds the
 * exit here: the waiters' turn comes after the handlers, so that it would wait for itself.
 */
export function delivering<T>(exit: ExitMessage, run: () => Promise<T>): Promise<T> {
  return current.run(exit, run);
}

/** The exit that is being delivered, when the caller is one of its handlers. */
export function deliveredExit({ containerId, execId }: ProcessKey): ExitMessage | undefined {
  const exit = current.getStore();
  return exit?.containerId === containerId && exit.execId === execId ? exit : undefined;
}
