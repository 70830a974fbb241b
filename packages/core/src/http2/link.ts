import type { CtrdError } from '../errors/index.js';
import { stateListeners } from '../rpc/state-listeners.js';
import type { Connection, ConnectionState } from '../rpc/transport.js';
import { type Attempt, dial } from './dial.js';
import type { Session } from './session.js';

/** What keeps one session with the daemon, and makes the next one when it is lost. */
export interface Link {
  readonly state: ConnectionState;
  readonly watch: Connection['watch'];
  /** The session that calls can be made on now. */
  readonly session: Session | undefined;
  /** Connects, and tells the waiter, later; it is told nothing any more once that is disposed. */
  wait(waiter: Waiter): Disposable;
  close(): void;
}

export interface Waiter {
  /** Whether to wait for the daemon as long as it takes, or to fail with the next attempt. */
  readonly patient: boolean;
  ready(session: Session): void;
  failed(error: CtrdError): void;
}

/** The pauses between attempts: a local daemon that restarts is back within a second. */
const firstPauseMs = 50;
const longestPauseMs = 200;

export function openLink(path: string): Link {
  const listeners = stateListeners();
  const waiters = new Set<Waiter>();
  let state: ConnectionState = 'idle';
  let session: Session | undefined;
  let attempt: Attempt | undefined;
  let again: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;

  function become(next: ConnectionState): void {
    if (state === next || state === 'closed') return;
    state = next;
    listeners.tell(next);
  }

  /** One attempt at a time: who comes while one is under way has its outcome. */
  function connect(): void {
    if (attempt !== undefined) return;
    clearTimeout(again);
    again = undefined;
    attempt = dial(path, reached, failed);
    hold();
    become('connecting');
  }

  function reached(made: Session): void {
    attempt = undefined;
    pauseMs = firstPauseMs;
    session = made;
    made.onLeft(() => {
      if (session !== made) return;
      session = undefined;
      become('idle');
      if (waiters.size > 0) connect();
    });
    become('ready');
    for (const waiter of take(() => true)) waiter.ready(made);
  }

  function failed(error: CtrdError): void {
    attempt = undefined;
    again = setTimeout(connect, pauseMs * (0.5 + Math.random() / 2));
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    become('failing');
    for (const waiter of take(({ patient }) => !patient)) waiter.failed(error);
    hold();
  }

  function take(which: (waiter: Waiter) => boolean): readonly Waiter[] {
    const taken = [...waiters].filter(which);
    for (const waiter of taken) waiters.delete(waiter);
    return taken;
  }

  /** Connecting keeps the process alive for those who wait for it, and not for itself. */
  function hold(): void {
    attempt?.holds(waiters.size > 0);
    if (waiters.size > 0) again?.ref();
    else again?.unref();
  }

  return {
    get state() {
      return state;
    },
    watch: listeners.watch,
    get session() {
      return session?.usable === true ? session : undefined;
    },
    wait(waiter) {
      waiters.add(waiter);
      // In `failing` too: the failure is from before this call, and may be over by now.
      connect();
      hold();
      return {
        [Symbol.dispose]() {
          waiters.delete(waiter);
          hold();
        },
      };
    },
    close() {
      attempt?.[Symbol.dispose]();
      clearTimeout(again);
      waiters.clear();
      session?.destroy();
      become('closed');
      listeners.clear();
    },
  };
}
