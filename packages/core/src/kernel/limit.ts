import { abortError, throwIfAborted } from './cancellation.js';

/** Lets so many run at once, and the others wait in order; one that is aborted waits no longer. */
export type Limit = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** A {@link Limit} of so many at once. */
export function createLimit(most: number): Limit {
  const waiting = new Set<() => void>();
  let free = most;

  async function enter(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const admit = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(admit);
        reject(abortError(signal));
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(admit);
    });
  }

  return async (signal, work) => {
    await enter(signal);
    try {
      return await work();
    } finally {
      const [next] = waiting;
      // Whoever ends hands its place on.
      if (next === undefined) free += 1;
      else waiting.delete(next);
      next?.();
    }
  };
}
