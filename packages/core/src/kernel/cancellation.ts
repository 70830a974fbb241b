import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CtrdError, checkMilliseconds, invalidArgument } from '../errors/index.js';
import type { CallControl } from './operation.js';

/** A signal that ends with the first of several causes. Disposing lets go of them all. */
export interface MergedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Merges a call's signal, its time limit and further signals into one. `AbortSignal.any` would keep
 * every call's signal alive as long as the longest-lived source; this lets go when it is disposed.
 */
export function mergeSignals(
  control: CallControl,
  ...others: readonly AbortSignal[]
): MergedSignal {
  const { signal, timeoutMs } = control;
  checkControl(control);
  const controller = new AbortController();
  // One call may wait for many things at once.
  setMaxListeners(0, controller.signal);
  const undo: (() => void)[] = [];
  for (const source of signal === undefined ? others : [signal, ...others]) {
    if (source.aborted) {
      controller.abort(source.reason);
      break;
    }
    const pass = () => controller.abort(source.reason);
    source.addEventListener('abort', pass, { once: true });
    undo.push(() => source.removeEventListener('abort', pass));
  }
  if (timeoutMs !== undefined && !controller.signal.aborted) {
    const outOfTime = () => controller.abort(timeoutError(timeoutMs));
    if (timeoutMs === 0) outOfTime();
    else {
      const timer = setTimeout(outOfTime, timeoutMs);
      undo.push(() => clearTimeout(timer));
    }
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const step of undo.splice(0)) step();
    },
  };
}

/** What an aborted signal makes of a call: its reason when that is ours, `aborted` otherwise. */
export function abortError(signal: AbortSignal): CtrdError {
  const reason: unknown = signal.reason;
  if (reason instanceof CtrdError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new CtrdError('the time for it is up', { code: 'timeout', cause: reason });
  }
  return new CtrdError('was aborted', { code: 'aborted', cause: reason });
}

/** Throws what {@link abortError} makes of a signal that has ended. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}

/** How long a step that is not interrupted may take; a daemon that hangs must not hang its callers. */
const stepTimeoutMs = 120_000;

/**
 * Runs a step that makes something, to its end: an abort is looked at before it, never during it, so
 * that its result is known and can be undone. A daemon that is interrupted while it makes a task
 * leaves half of one behind. The step gets a signal of its own, with a time limit.
 */
export async function uninterrupted<T>(
  signal: AbortSignal,
  run: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  return await withDeadline(stepTimeoutMs, run);
}

/** Runs a clean-up under a time limit of its own, whatever became of the call it cleans up after. */
export async function withDeadline<T>(
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using merged = mergeSignals({ timeoutMs });
  return await run(merged.signal);
}

/** Resolves after a time, and rejects when the signal ends before. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw abortError(signal);
  }
}

/** Rejects when the signal ends, whatever the promise does later; its late failure is nobody's. */
export async function orAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {});
    throw abortError(signal);
  }
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const fail = () => reject(abortError(signal));
    signal.addEventListener('abort', fail, { once: true });
    stop = () => signal.removeEventListener('abort', fail);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}

function checkControl({ signal, timeoutMs }: CallControl): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgument('signal', 'be an AbortSignal', signal);
  }
  checkMilliseconds('timeoutMs', timeoutMs);
}

function timeoutError(timeoutMs: number): CtrdError {
  return new CtrdError(`was not done within ${timeoutMs} ms`, { code: 'timeout' });
}
