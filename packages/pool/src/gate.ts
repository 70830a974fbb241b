import { CtrdError } from '@ctrd/core';
import type { PoolStats } from './pool-api.js';

/** Lets calls in while the pool takes any, and counts those that are under way. */
export interface Gate {
  readonly state: PoolStats['state'];
  /** Calls under way. */
  readonly calls: number;
  /** Throws `failed-precondition` when no more calls are taken. */
  checkOpen(): void;
  /** Counts one more call, until the result is disposed. Throws as {@link checkOpen} does. */
  enter(): Disposable;
  /** Takes no more calls from now on. */
  shut(state: 'draining' | 'closed'): void;
  /** Resolves when no call is under way any more. */
  idle(): Promise<void>;
}

export function createGate(): Gate {
  let state: PoolStats['state'] = 'open';
  let calls = 0;
  let waiting: (() => void)[] = [];

  function checkOpen(): void {
    if (state !== 'open') throw refusal(state);
  }

  // One for all: leaving is only counted, and each caller leaves once.
  const leave: Disposable = {
    [Symbol.dispose]() {
      calls -= 1;
      if (calls > 0) return;
      const told = waiting;
      waiting = [];
      for (const tell of told) tell();
    },
  };

  return {
    get state() {
      return state;
    },
    get calls() {
      return calls;
    },
    checkOpen,
    enter() {
      checkOpen();
      calls += 1;
      return leave;
    },
    shut(next) {
      if (state !== 'closed') state = next;
    },
    idle: () => (calls === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

/** Why a pool takes no call. */
export function refusal(state: 'draining' | 'closed'): CtrdError {
  return new CtrdError(`the pool ${state === 'closed' ? 'is closed' : 'drains'}`, {
    code: 'failed-precondition',
    reason: state,
  });
}
