import { setTimeout as sleep } from 'node:timers/promises';
import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Status } from '@ctrd/api/types/task';
import { abortError, hasCode, type Rpc, type Token, token } from '@ctrd/core';
import { type ExitMessage, lostExit, type ProcessKey } from './exit-message.js';

/** Learns how processes end. */
export interface ExitWatcher {
  /**
   * Resolves once, with how the process ended; the signal ends the watch. A call that comes before
   * the process is started counts from then on, so that no end is missed. What happens to the
   * connection or the daemon is never taken for an end: the watch goes on when the daemon is back.
   */
  watch(key: ProcessKey, options: { signal: AbortSignal }): Promise<ExitMessage>;
}

export const ExitWatcher: Token<ExitWatcher, 'ExitWatcher'> = token('ExitWatcher', {
  from: 'containers() of @ctrd/containers',
});

/** Watches with the daemon's Wait, which stays open as long as the process runs. */
export function createExitWatcher(rpc: Rpc): ExitWatcher {
  const tasks = rpc.client(Tasks);

  /** One Wait: the end of the process, or `undefined` when the call told nothing about it. */
  async function wait(key: ProcessKey, signal: AbortSignal): Promise<ExitMessage | undefined> {
    try {
      const { exitStatus, exitedAt } = await tasks.wait(key, {
        signal,
        role: 'stream',
        affinity: key.containerId,
        waitForReady: true,
      });
      return ended(key, exitStatus, exitedAt);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      // The connection, the daemon or the shim went away under the call; the state says what is so.
      return goOn(error);
    }
  }

  /** What the daemon says of the process now; `undefined` while it may still run. */
  async function look(key: ProcessKey, signal: AbortSignal): Promise<ExitMessage | undefined> {
    try {
      const { process } = await tasks.get(key, { signal, waitForReady: true });
      if (process === undefined || process.status !== Status.STOPPED) return undefined;
      return ended(key, process.exitStatus, process.exitedAt);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (hasCode(error, 'not-found')) {
        return lostExit(key, 'the daemon does not know the process any more');
      }
      return goOn(error);
    }
  }

  return {
    async watch(key, { signal }) {
      for (let attempt = 0; ; attempt += 1) {
        const exit = (await wait(key, signal)) ?? (await look(key, signal));
        if (exit !== undefined) return exit;
        await sleep(pauseMs(attempt), undefined, { signal }).catch(() => {
          throw abortError(signal);
        });
      }
    },
  };
}

/** Throws what no further attempt can mend; anything else says nothing about the process. */
function goOn(error: unknown): undefined {
  const closed = hasCode(error, 'failed-precondition') && error.reason === 'closed';
  if (closed || hasCode(error, 'invalid-argument', 'permission-denied', 'unimplemented')) {
    throw error;
  }
}

/** From 20 ms, doubling up to a second: a daemon that restarts serves after some 200 ms. */
const pauseMs = (attempt: number): number => Math.min(20 * 2 ** attempt, 1_000);

/** A status without a time is of a process that never ran, and no end at all. */
function ended(
  key: ProcessKey,
  exitCode: number,
  at: Timestamp | undefined,
): ExitMessage | undefined {
  if (at === undefined || at.seconds <= 0n) return undefined;
  return { ...key, exitCode, exitedAt: timestampDate(at) };
}
