import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExitMessage, ProcessKey } from './exit-message.js';

interface Delivery {
  readonly exit: ExitMessage;
  readonly process: { readonly removed: boolean };
}

const current = new AsyncLocalStorage<Delivery>();

/**
 * Runs the handlers of an exit. A handler that waits for, or destroys, its own container finds the
 * exit here: the waiters' turn comes after the handlers, so that it would wait for itself.
 */
export function delivering<T>(
  exit: ExitMessage,
  process: Delivery['process'],
  run: () => Promise<T>,
): Promise<T> {
  return current.run({ exit, process }, run);
}

/**
 * The exit that is being delivered, when the caller is one of its handlers. None any more when the
 * handler has removed the process: it may have made another one of the same id.
 */
export function deliveredExit({ containerId, execId }: ProcessKey): ExitMessage | undefined {
  const delivery = current.getStore();
  if (delivery === undefined || delivery.process.removed) return undefined;
  const { exit } = delivery;
  return exit.containerId === containerId && exit.execId === execId ? exit : undefined;
}
