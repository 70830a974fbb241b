import { abortError, throwIfAborted, withDeadline } from '@ctrd/core';

/** How long an aborted call waits for what it had asked for, to undo it. */
const settleTimeoutMs = 10_000;

/**
 * Makes something on the daemon, or nothing. The daemon does not take back a call that is aborted
 * half-way, so the call is let run to its end, and what it made is undone.
 */
export async function makeOrUndo<T>(
  signal: AbortSignal,
  make: (signal: AbortSignal) => Promise<T>,
  undo: (signal: AbortSignal) => Promise<void>,
): Promise<T> {
  throwIfAborted(signal);
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const startClock = () => {
    timer = setTimeout(() => late.abort(abortError(signal)), settleTimeoutMs);
  };
  signal.addEventListener('abort', startClock, { once: true });
  try {
    const made = await make(late.signal);
    if (!signal.aborted) return made;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', startClock);
  }
  await withDeadline(settleTimeoutMs, undo);
  throw abortError(signal);
}
