import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Status } from '@ctrd/api/types/task';
import { abortError, hasCode, type Rpc } from '@ctrd/core';
import { type ExitMessage, exitedMessage, type ProcessKey } from './exit-message.js';

/**
 * What the daemon says of a process. `unclear` says nothing of it: the daemon went away under the
 * question, or its shim did not answer.
 */
export type ProcessState =
  | { readonly is: 'ended'; readonly exit: ExitMessage }
  /** It runs, or has not been started yet; then its id may be 0. */
  | { readonly is: 'alive'; readonly pid: number }
  | { readonly is: 'unknown' }
  | { readonly is: 'unclear' };

/** Waits for a daemon that is away. Throws what no further attempt can mend. */
export async function processState(
  rpc: Rpc,
  key: ProcessKey,
  signal: AbortSignal,
): Promise<ProcessState> {
  try {
    const { process } = await rpc.client(Tasks).get(key, { signal, waitForReady: true });
    if (process === undefined || process.status === Status.UNKNOWN) return { is: 'unclear' };
    if (process.status !== Status.STOPPED) return { is: 'alive', pid: process.pid };
    const exit = exitedMessage(key, process.exitStatus, process.exitedAt);
    return exit === undefined ? { is: 'unclear' } : { is: 'ended', exit };
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (hasCode(error, 'not-found')) return { is: 'unknown' };
    throwIfHopeless(error);
    return { is: 'unclear' };
  }
}

/** Throws what no further attempt can mend; anything else says nothing about a process. */
export function throwIfHopeless(error: unknown): void {
  const closed = hasCode(error, 'failed-precondition') && error.reason === 'closed';
  if (closed || hasCode(error, 'invalid-argument', 'permission-denied', 'unimplemented')) {
    throw error;
  }
}

export const longestPauseMs = 1_000;

/** From 20 ms, doubling up to a second: a daemon that restarts serves after some 200 ms. */
export const pauseMs = (attempt: number): number => Math.min(20 * 2 ** attempt, longestPauseMs);
