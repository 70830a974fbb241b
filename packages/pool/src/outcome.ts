import { hasCode } from '@ctrd/core';

/** Whether a call failed for its connection, and not for what was asked for on it. */
export function isTransportFailure(error: unknown): boolean {
  return hasCode(error, 'unavailable') && reasons.has(error.reason ?? '');
}

/**
 * Whether a failure is an answer, so that the connection works. Whoever gave up, or was sent away by
 * this side, has learnt nothing about it.
 */
export function showsThatItWorks(error: unknown): boolean {
  return !hasCode(error, 'aborted', 'timeout', 'unavailable', 'unknown', 'invalid-argument');
}

const reasons: ReadonlySet<string> = new Set([
  'dropped',
  'refused',
  'missing',
  'forbidden',
  'unreachable',
]);
