import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Status } from '@ctrd/api/types/task';
import {
  abortError,
  hasCode,
  mergeSignals,
  pause,
  type Report,
  type Rpc,
  type Token,
  token,
} from '@ctrd/core';
import type { Shims } from '../shim/shims.js';
import type { ExitJournal } from './exit-journal.js';
import { type ExitMessage, exitedMessage, lostExit, type ProcessKey } from './exit-message.js';
import { createShimHold, type ShimHold } from './shim-hold.js';

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

/** What a watcher asks. */
export interface WatcherParts {
  readonly rpc: Rpc;
  readonly shims: Pick<Shims, 'wait'>;
  readonly journal: ExitJournal;
  readonly report: Report;
}

/**
 * Watches with the daemon's Wait, which stays open as long as the process runs. While the daemon is
 * away, with a Wait at the process's shim: containerd 1.7 and later forget what ends in that time.
 */
export function createExitWatcher(parts: WatcherParts): ExitWatcher {
  const tasks = parts.rpc.client(Tasks);

  /** One Wait: the end of the process, `nothing`, or that the call was `cut` off. */
  async function wait(key: ProcessKey, signal: AbortSignal): Promise<ExitMessage | Silence> {
    try {
      const { exitStatus, exitedAt } = await tasks.wait(key, {
        signal,
        role: 'stream',
        affinity: key.containerId,
        waitForReady: true,
      });
      return exitedMessage(key, exitStatus, exitedAt) ?? 'nothing';
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      // The connection, the daemon or the shim went away under the call; the state says what is so.
      goOn(error);
      return 'cut';
    }
  }

  /** What the daemon says of the process now. */
  async function look(key: ProcessKey, signal: AbortSignal): Promise<ExitMessage | Look> {
    try {
      const { process } = await tasks.get(key, { signal, waitForReady: true });
      if (process === undefined) return 'unclear';
      if (process.status !== Status.STOPPED) return 'running';
      return exitedMessage(key, process.exitStatus, process.exitedAt) ?? 'unclear';
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (hasCode(error, 'not-found')) return 'unknown';
      goOn(error);
      return 'unclear';
    }
  }

  async function fromDaemon(
    key: ProcessKey,
    shim: ShimHold,
    signal: AbortSignal,
  ): Promise<ExitMessage> {
    for (let attempt = 0; ; attempt += 1) {
      const began = performance.now();
      const word = await wait(key, signal);
      if (isExit(word)) return word;
      if (word === 'cut') shim.take();
      const state = await look(key, signal);
      if (isExit(state)) return state;
      if (state === 'unknown') {
        const known = (await shim.lastWord()) ?? (await parts.journal.find(key))?.exit;
        return known ?? lostExit(key, 'neither the daemon nor its shim knows the process any more');
      }
      if (state === 'running') shim.release();
      // A Wait that held for a while was a good one; pauses grow for those that fail at once.
      if (performance.now() - began > longestPauseMs) attempt = 0;
      await pause(pauseMs(attempt), signal);
    }
  }

  return {
    async watch(key, { signal }) {
      const settled = new AbortController();
      using merged = mergeSignals({ signal: settled.signal }, signal);
      const shim = createShimHold(key, { ...parts, signal: merged.signal });
      try {
        return await Promise.race([fromDaemon(key, shim, merged.signal), shim.exit]);
      } finally {
        settled.abort();
      }
    },
  };
}

type Silence = 'nothing' | 'cut';
type Look = 'running' | 'unknown' | 'unclear';

function isExit(word: ExitMessage | Silence | Look): word is ExitMessage {
  return typeof word === 'object';
}

/** Throws what no further attempt can mend; anything else says nothing about the process. */
function goOn(error: unknown): void {
  const closed = hasCode(error, 'failed-precondition') && error.reason === 'closed';
  if (closed || hasCode(error, 'invalid-argument', 'permission-denied', 'unimplemented')) {
    throw error;
  }
}

const longestPauseMs = 1_000;

/** From 20 ms, doubling up to a second: a daemon that restarts serves after some 200 ms. */
const pauseMs = (attempt: number): number => Math.min(20 * 2 ** attempt, longestPauseMs);
