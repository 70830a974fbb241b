import { setTimeout as sleep } from 'node:timers/promises';
import type { RestartPolicy } from './daemon-options.js';
import type { DaemonProcess } from './daemon-process.js';

/**
 * `serving` answers calls; `restarting` ended by itself and is coming back; `failed` ended too often
 * and stays down; `stopped` was stopped.
 */
export type DaemonState = 'serving' | 'restarting' | 'failed' | 'stopped';

/** Keeps a process running. */
export interface Supervisor {
  readonly state: DaemonState;
  /** The latest one. */
  readonly process: DaemonProcess;
  readonly restarts: number;
  watch(listener: (state: DaemonState) => void): Disposable;
  /** Ends the supervision, not the process. Resolves when no restart is under way any more. */
  stop(): Promise<void>;
}

/** Restarts a process that ends, as the policy says; `restart` resolves when the new one serves. */
export function supervise(
  first: DaemonProcess,
  options: {
    policy: RestartPolicy;
    restart: (signal: AbortSignal) => Promise<DaemonProcess>;
  },
): Supervisor {
  const { limit = 5, windowMs = 60_000, pauseMs = 100 } = options.policy;
  const listeners = new Set<(state: DaemonState) => void>();
  const stopping = new AbortController();
  let current = first;
  let state: DaemonState = 'serving';
  let restarts = 0;

  function enter(next: DaemonState): void {
    state = next;
    for (const listener of [...listeners]) {
      try {
        listener(next);
      } catch (error) {
        // A listener that fails must not end the supervision.
        process.emitWarning(`a listener of the daemon failed: ${String(error)}`, 'ctrd');
      }
    }
  }

  async function keep(): Promise<void> {
    const recent: number[] = [];
    for (;;) {
      await current.ended;
      if (stopping.signal.aborted) return;
      enter('restarting');
      for (let back = false; !back; ) {
        const now = performance.now();
        while (recent.length > 0 && now - (recent[0] ?? 0) > windowMs) recent.shift();
        if (recent.length >= limit) return enter('failed');
        const pause = Math.min(pauseMs * 2 ** recent.length, 5_000);
        recent.push(now);
        await sleep(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
        if (stopping.signal.aborted) return;
        restarts += 1;
        // A failed start counts like a crash: the next one waits longer, up to the limit.
        back = await options.restart(stopping.signal).then(
          (next) => {
            current = next;
            return true;
          },
          () => false,
        );
        if (stopping.signal.aborted) return;
      }
      enter('serving');
    }
  }

  const kept = keep();
  return {
    get state() {
      return state;
    },
    get process() {
      return current;
    },
    get restarts() {
      return restarts;
    },
    watch(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    async stop() {
      stopping.abort();
      // While the process lives, `kept` waits for its end, which is the caller's to bring about.
      if (state === 'restarting') await kept;
      enter('stopped');
    },
  };
}
