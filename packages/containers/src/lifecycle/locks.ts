import { abortError, CtrdError } from '@ctrd/core';

/** Makes calls on the same id take turns; different ids do not wait for each other. */
export interface Locks {
  /** Resolves in the order of the calls. Throws `lock-failed` when the signal ends first. */
  lock(id: string, signal: AbortSignal): Promise<Disposable>;
}

export function createLocks(): Locks {
  const tails = new Map<string, Promise<void>>();
  return {
    async lock(id, signal) {
      const before = tails.get(id) ?? Promise.resolve();
      let release: () => void = () => {};
      const mine = new Promise<void>((resolve) => {
        release = resolve;
      });
      const tail = before.then(() => mine);
      tails.set(id, tail);
      const unlock = () => {
        release();
        if (tails.get(id) === tail) tails.delete(id);
      };
      try {
        await turn(before, signal);
      } catch (error) {
        // Whoever is next must still wait for the one before.
        void before.then(unlock);
        throw new CtrdError('another call on it did not end in time', {
          code: 'lock-failed',
          subject: id,
          cause: error,
        });
      }
      return { [Symbol.dispose]: unlock };
    },
  };
}

function turn(before: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    const fail = () => reject(abortError(signal));
    signal.addEventListener('abort', fail, { once: true });
    void before.then(() => {
      signal.removeEventListener('abort', fail);
      resolve();
    });
  });
}
