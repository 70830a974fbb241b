import { mergeSignals, type Report, type Token, token } from '@ctrd/core';
import type { Shims } from '../shim/shims.js';
import type { ExitJournal } from './exit-journal.js';
import { type ExitMessage, lostExit, type ProcessKey } from './exit-message.js';
import type { ExitSource } from './exit-source.js';
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

/** What a watcher asks, in this order. */
export interface WatcherParts {
  readonly source: ExitSource;
  readonly shims: Pick<Shims, 'wait'>;
  readonly journal: ExitJournal;
  readonly report: Report;
}

/**
 * Watches with the daemon, and while that is away with a Wait at the process's shim: containerd 1.7
 * and later forget what ends in that time. What nobody knows any more is lost.
 */
export function createExitWatcher(parts: WatcherParts): ExitWatcher {
  async function known(key: ProcessKey, shim: ShimHold, signal: AbortSignal): Promise<ExitMessage> {
    return (
      (await parts.source.end(key, { signal, standIn: shim })) ??
      (await shim.lastWord()) ??
      (await parts.journal.find(key))?.exit ??
      lostExit(key, 'neither the daemon nor its shim knows the process any more')
    );
  }

  return {
    async watch(key, { signal }) {
      const settled = new AbortController();
      using merged = mergeSignals({ signal: settled.signal }, signal);
      const shim = createShimHold(key, { ...parts, signal: merged.signal });
      try {
        return await Promise.race([known(key, shim, merged.signal), shim.exit]);
      } finally {
        settled.abort();
      }
    },
  };
}
