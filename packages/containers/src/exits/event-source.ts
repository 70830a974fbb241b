import type { TaskDelete, TaskExecStarted, TaskExit } from '@ctrd/api/events';
import { abortError, createLimit, pause, type Rpc, toCtrdError } from '@ctrd/core';
import { evidence } from './exit-evidence.js';
import { exitFeed } from './exit-feed.js';
import type { ExitMessage, ProcessKey } from './exit-message.js';
import type { ExitSource, StandIn } from './exit-source.js';
import { pauseMs, processState } from './process-state.js';

/** So many processes' states are asked at once, when a stream stands again. */
const looksAtOnce = 16;

interface Watch {
  readonly key: ProcessKey;
  readonly standIn: StandIn;
  readonly signal: AbortSignal;
  /** The id of the process; 0 until it is known. */
  pid: number;
  /** Whether its state is to be asked, and whether that is being done. */
  doubted: boolean;
  looking: boolean;
  over: boolean;
  settle(exit: ExitMessage | undefined): void;
  fail(error: Error): void;
}

/**
 * Learns of all ends by one stream of the daemon's events, from the first watch until disposal. What
 * an event cannot tell for sure is asked: the state of a process when its watch begins, when the
 * stream was cut off and stands again, and when an event leaves doubt.
 */
export function createEventSource(rpc: Rpc): ExitSource & Disposable {
  const disposed = new AbortController();
  const limit = createLimit(looksAtOnce);
  const watches = new Map<string, Set<Watch>>();
  let following = false;
  let stands = false;

  const all = () => [...watches.values()].flatMap((ofContainer) => [...ofContainer]);

  async function follow(): Promise<void> {
    following = true;
    try {
      for await (const news of exitFeed(rpc, disposed.signal)) {
        if (typeof news === 'object') {
          for (const watch of watches.get(news.containerId) ?? []) hear(watch, news);
        } else {
          stands = news === 'stands';
          for (const watch of all()) {
            if (stands) doubt(watch);
            else watch.standIn.take();
          }
        }
      }
    } finally {
      following = false;
      stands = false;
    }
  }

  function hear(watch: Watch, event: TaskExit | TaskDelete | TaskExecStarted): void {
    if (event.$typeName === 'containerd.events.TaskExecStarted') {
      if (event.execId === watch.key.execId) watch.pid = event.pid;
      return;
    }
    const found = evidence(event, watch);
    if (found === 'doubt') doubt(watch);
    else if (found !== undefined) watch.settle(found);
  }

  /** Has the state of a process asked; once more, if that is being done already. */
  function doubt(watch: Watch): void {
    watch.doubted = true;
    if (!watch.looking) look(watch).catch(watch.fail);
  }

  async function look(watch: Watch): Promise<void> {
    const { key, signal } = watch;
    watch.looking = true;
    for (let attempt = 0; watch.doubted && !watch.over; attempt += 1) {
      watch.doubted = false;
      const state = await limit(signal, () => processState(rpc, key, signal));
      if (state.is === 'ended') watch.settle(state.exit);
      else if (state.is === 'unknown') watch.settle(undefined);
      else if (state.is === 'unclear') {
        watch.doubted = true;
        await pause(pauseMs(attempt), signal);
      } else {
        if (state.pid !== 0) watch.pid = state.pid;
        // While the stream is cut off, the answer may be of a daemon that has gone since.
        if (stands) watch.standIn.release();
      }
    }
    watch.looking = false;
  }

  function begin(watch: Watch): void {
    if (stands) doubt(watch);
    if (following) return;
    follow().catch((error: unknown) => {
      for (const { fail } of all()) fail(toCtrdError(error));
    });
  }

  return {
    async end(key, { signal, standIn }) {
      const { containerId } = key;
      const ofContainer = watches.get(containerId) ?? new Set();
      watches.set(containerId, ofContainer);
      let leave = () => {};
      try {
        return await new Promise<ExitMessage | undefined>((settle, fail) => {
          const abort = () => fail(abortError(signal));
          const watch: Watch = {
            ...{ key, standIn, signal, settle, fail },
            ...{ pid: 0, doubted: false, looking: false, over: false },
          };
          leave = () => {
            watch.over = true;
            signal.removeEventListener('abort', abort);
            ofContainer.delete(watch);
          };
          ofContainer.add(watch);
          if (signal.aborted) return abort();
          signal.addEventListener('abort', abort, { once: true });
          begin(watch);
        });
      } finally {
        leave();
        if (ofContainer.size === 0) watches.delete(containerId);
      }
    },
    [Symbol.dispose]: () => disposed.abort(),
  };
}
