import type { ErrorCode } from './code.js';
import { CtrdError } from './ctrd-error.js';

/** Bad input: names the field, the rule it breaks and, shortened, what was given. */
export function invalidArgument(field: string, rule: string, value?: unknown): CtrdError {
  const given = value === undefined ? '' : `, not ${shown(value)}`;
  return new CtrdError(`${field} must ${rule}${given}`, { code: 'invalid-argument', field });
}

/** Node's timers know no longer time: they would make it one millisecond. */
const longestMs = 2 ** 31 - 1;

/** Throws `invalid-argument` unless it is a time that a timer can keep, or not given. */
export function checkMilliseconds(field: string, value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0 && value <= longestMs)) return;
  throw invalidArgument(field, `be a number of milliseconds from 0 to ${longestMs}`, value);
}

/** Whether a failure is ours and has one of the codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is CtrdError {
  return error instanceof CtrdError && codes.includes(error.code);
}

/**
 * Anything thrown, as a {@link CtrdError}: what is one already stays itself, an abort by a signal
 * becomes `aborted` (or `timeout`, when the signal's clock ran out), a disk that takes nothing more
 * `storage-full` or `failed-precondition` (reason `read-only`), the rest is `unknown`.
 */
export function toCtrdError(error: unknown): CtrdError {
  if (error instanceof CtrdError) return error;
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') {
    return new CtrdError('the time for it is up', { code: 'timeout', cause: error });
  }
  if (name === 'AbortError') return new CtrdError('was aborted', { code: 'aborted', cause: error });
  const message = error instanceof Error ? error.message : String(error);
  const meaning = ofTheDisk.get((error as { code?: unknown } | undefined)?.code);
  return new CtrdError(message, { code: 'unknown', ...meaning, cause: error });
}

/** By the system's own names. */
const ofTheDisk: ReadonlyMap<unknown, { code: ErrorCode; reason?: string }> = new Map([
  ['ENOSPC', { code: 'storage-full' }],
  ['EDQUOT', { code: 'storage-full' }],
  ['EROFS', { code: 'failed-precondition', reason: 'read-only' }],
]);

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
