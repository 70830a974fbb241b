import { abortError, type CallOptions, CtrdError, mergeSignals } from '@ctrd/core';
import type { PoolCall } from './strategy.js';

/** Those who wait for a stream, the first come first. */
export interface WaitQueue<T> {
  readonly length: number;
  /**
   * Waits for a turn. Rejects with `aborted` or `timeout` as the call's own limits say, and with
   * `quota-exhausted` when the queue is full or its own time is up.
   */
  wait(call: PoolCall, options: CallOptions): Promise<T>;
  /** Serves the first in line, as long as there is something to serve. */
  serve(next: (call: PoolCall) => T | undefined): void;
  /** Sends everybody away. */
  clear(error: CtrdError): void;
}

interface Waiter<T> {
  readonly call: PoolCall;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export interface QueueLimits {
  readonly maxQueued: number;
  readonly queueTimeoutMs: number;
}

export function createWaitQueue<T>({ maxQueued, queueTimeoutMs }: QueueLimits): WaitQueue<T> {
  // In the order in which they came.
  const waiters = new Set<Waiter<T>>();

  return {
    get length() {
      return waiters.size;
    },
    async wait(call, options) {
      if (waiters.size >= maxQueued) {
        throw exhausted('queue-full', `${maxQueued} calls wait for a stream already`);
      }
      using merged = mergeSignals(options);
      const { signal } = merged;
      if (signal.aborted) throw abortError(signal);
      let undo = () => {};
      try {
        return await new Promise<T>((resolve, reject) => {
          const waiter = { call, resolve, reject };
          // Leaves the line in the same moment, so that nothing is handed to who has gone.
          const leave = (error: CtrdError) => {
            waiters.delete(waiter);
            reject(error);
          };
          const aborted = () => leave(abortError(signal));
          const timer = setTimeout(
            () => leave(exhausted('queue-timeout', `got no stream within ${queueTimeoutMs} ms`)),
            queueTimeoutMs,
          );
          signal.addEventListener('abort', aborted, { once: true });
          undo = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', aborted);
          };
          waiters.add(waiter);
        });
      } finally {
        undo();
      }
    },
    serve(next) {
      for (const waiter of waiters) {
        try {
          const value = next(waiter.call);
          if (value === undefined) return;
          waiter.resolve(value);
        } catch (error) {
          // Who makes room is not to blame for the strategy of who waits.
          waiter.reject(error);
        }
        waiters.delete(waiter);
      }
    },
    clear(error) {
      for (const waiter of waiters) waiter.reject(error);
      waiters.clear();
    },
  };
}

export function exhausted(reason: string, message: string): CtrdError {
  return new CtrdError(message, { code: 'quota-exhausted', reason });
}
