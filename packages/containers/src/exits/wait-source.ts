import { Tasks } from '@ctrd/api/services/tasks/v1';
import { abortError, pause, type Rpc } from '@ctrd/core';
import { type ExitMessage, exitedMessage, type ProcessKey } from './exit-message.js';
import type { ExitSource } from './exit-source.js';
import { longestPauseMs, pauseMs, processState, throwIfHopeless } from './process-state.js';

/** Learns of each end by a Wait of its own, which stays open as long as the process runs. */
export function createWaitSource(rpc: Rpc): ExitSource {
  const tasks = rpc.client(Tasks);

  /** One Wait: the end of the process, `nothing`, or that the call was `cut` off. */
  async function wait(
    key: ProcessKey,
    signal: AbortSignal,
  ): Promise<ExitMessage | 'nothing' | 'cut'> {
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
      throwIfHopeless(error);
      return 'cut';
    }
  }

  return {
    async end(key, { signal, standIn }) {
      for (let attempt = 0; ; attempt += 1) {
        const began = performance.now();
        const word = await wait(key, signal);
        if (typeof word === 'object') return word;
        if (word === 'cut') standIn.take();
        const state = await processState(rpc, key, signal);
        if (state.is === 'ended') return state.exit;
        if (state.is === 'unknown') return undefined;
        if (state.is === 'alive') standIn.release();
        // A Wait that held for a while was a good one; pauses grow for those that fail at once.
        if (performance.now() - began > longestPauseMs) attempt = 0;
        await pause(pauseMs(attempt), signal);
      }
    },
  };
}
