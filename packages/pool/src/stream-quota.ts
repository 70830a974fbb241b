import { CtrdError, invalidArgument } from '@ctrd/core';

/** One stream of a connection, taken until it is disposed. Disposing it again does nothing. */
export interface StreamLease extends Disposable {
  readonly released: boolean;
}

/** How many long-lived calls a connection may have at once. */
export interface StreamQuota {
  readonly max: number;
  /** Never below 0, never above {@link max}. */
  readonly free: number;
  /** Takes `n` by hand. Throws `quota-exhausted`, and takes nothing, when fewer are free. */
  consume(n?: number): void;
  /**
   * Gives back `n` that were taken by hand; more than that cannot be given back, so that nobody
   * frees what a lease holds.
   */
  produce(n?: number): void;
  /** Takes one, to be given back by disposal. Throws `quota-exhausted` when none is free. */
  lease(): StreamLease;
}

/** Told after each change of a quota. */
export interface QuotaListener {
  taken(): void;
  freed(): void;
}

export function createStreamQuota(max: number, listener: QuotaListener): StreamQuota {
  let leased = 0;
  let consumed = 0;
  const free = () => max - leased - consumed;

  return {
    max,
    get free() {
      return free();
    },
    consume(n = 1) {
      checkCount(n);
      checkFree(n, free());
      consumed += n;
      listener.taken();
    },
    produce(n = 1) {
      checkCount(n);
      if (consumed === 0) return;
      consumed = Math.max(0, consumed - n);
      listener.freed();
    },
    lease() {
      checkFree(1, free());
      leased += 1;
      listener.taken();
      let released = false;
      return {
        get released() {
          return released;
        },
        [Symbol.dispose]() {
          if (released) return;
          released = true;
          leased -= 1;
          listener.freed();
        },
      };
    },
  };
}

function checkCount(n: number): void {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw invalidArgument('n', 'be a whole number of at least 1', n);
  }
}

function checkFree(n: number, free: number): void {
  if (n <= free) return;
  throw new CtrdError(`the connection has ${free} streams left, not ${n}`, {
    code: 'quota-exhausted',
    reason: 'streams',
  });
}
