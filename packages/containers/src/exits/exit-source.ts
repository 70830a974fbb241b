import { type Token, token } from '@ctrd/core';
import type { ExitMessage, ProcessKey } from './exit-message.js';

/**
 * How a client learns from its daemon that processes end. What the daemon cannot know or has
 * forgotten is not its concern: see {@link ExitWatcher}.
 */
export interface ExitSource {
  /**
   * Resolves with how the process ended, or with `undefined` when the daemon does not know it any
   * more. What ends between the call and the moment when the daemon is asked is not missed.
   *
   * Never resolves for want of a daemon: it goes on when that is back. Rejects when the signal ends,
   * and with what no further attempt can mend.
   */
  end(
    key: ProcessKey,
    options: { readonly signal: AbortSignal; readonly standIn: StandIn },
  ): Promise<ExitMessage | undefined>;
}

/** Watches a process while the daemon cannot. Both methods may be called at any time, and again. */
export interface StandIn {
  /** The daemon may be away: what ends from now on may be forgotten by the time it is back. */
  take(): void;
  /** The daemon watches the process, which runs. */
  release(): void;
}

export const ExitSource: Token<ExitSource, 'ExitSource'> = token('ExitSource', {
  from: 'containers() of @ctrd/containers',
});
