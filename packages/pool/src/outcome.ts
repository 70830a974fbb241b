import { hasCode } from '@ctrd/core';

/**
 * Whether a connection lost a call. That it cannot be made is no failure of calls: its state says so,
 * and says also when it can again.
 */
export function isDropped(error: unknown): boolean {
  return hasCode(error, 'unavailable') && error.reason === 'dropped';
}

/**
 * Whether a failure is an answer, so that the connection works. Whoever gave up, or was sent away by
 * this side, has learnt nothing about it.
 */
export function showsThatItWorks(error: unknown): boolean {
  return !hasCode(error, 'aborted', 'timeout', 'unavailable', 'unknown', 'invalid-argument');
}
