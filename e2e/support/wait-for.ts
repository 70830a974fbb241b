import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait. */
export interface WaitOptions {
  /** What is waited for, for the error. */
  readonly what?: string;
  /** Default: 30,000 ms, far more than any healthy run needs. */
  readonly timeoutMs?: number;
  /** Between two looks. Default: 50 ms. */
  readonly everyMs?: number;
}

/**
 * Waits until a condition gives something other than `false`, `null` or `undefined`, and gives that.
 * An error of the condition counts as not yet, and is the cause when the time is over.
 *
 * @throws Error when the time is over.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what = 'the condition holds', timeoutMs = 30_000, everyMs = 50 }: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (isSomething(value)) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) {
      throw new Error(`waited ${timeoutMs} ms in vain until ${what}`, { cause });
    }
    await pause(everyMs);
  }
}

function isSomething<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
