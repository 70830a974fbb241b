/**
 * Answers on their way to whoever iterates: one is fetched ahead, no more. Several may wait for
 * answers at once; they get them in the order in which they asked.
 */
export interface Inbox<T> {
  put(value: T): void;
  /** The end, with the failure that ends it. What was put before is still taken. */
  end(failure: Error | undefined): void;
  /** The next value, undefined at the end. A failure is told once. */
  take(): Promise<T | undefined>;
}

interface Waiter<T> {
  readonly resolve: (value: T | undefined) => void;
  readonly reject: (failure: Error) => void;
}

/** `fetch` is called once for each value that there is room for, but for the first. */
export function createInbox<T>(fetch: () => void): Inbox<T> {
  const waiting: Waiter<T>[] = [];
  let ahead: { readonly value: T } | undefined;
  let ended = false;
  let failure: Error | undefined;

  /** Answers those who wait in vain. */
  function finish(): void {
    const [first, ...others] = waiting.splice(0);
    if (first === undefined) return;
    if (failure === undefined) first.resolve(undefined);
    else first.reject(failure);
    failure = undefined;
    for (const { resolve } of others) resolve(undefined);
  }

  return {
    put(value) {
      if (ended) return;
      const waiter = waiting.shift();
      if (waiter === undefined) {
        ahead = { value };
        return;
      }
      waiter.resolve(value);
      fetch();
    },
    end(reason) {
      if (ended) return;
      ended = true;
      failure = reason;
      finish();
    },
    take: () =>
      new Promise<T | undefined>((resolve, reject) => {
        if (ahead !== undefined) {
          const { value } = ahead;
          ahead = undefined;
          if (!ended) fetch();
          resolve(value);
          return;
        }
        waiting.push({ resolve, reject });
        if (ended) finish();
      }),
  };
}
