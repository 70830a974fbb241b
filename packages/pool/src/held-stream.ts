import { leavable, mergeSignals, type StreamCall, type Transport } from '@ctrd/core';
import type { Prepare } from './carrier.js';
import type { Gate } from './gate.js';
import type { Held } from './member.js';

/** Carries long calls, each on a stream that `acquire` takes for it. */
export function heldStreams(
  gate: Gate,
  prepare: Prepare,
  acquire: (options: StreamCall['options']) => Promise<Held> | Held,
): Transport['stream'] {
  return (call) =>
    leavable(async function* (left) {
      using _entered = gate.enter();
      // One clock for the wait and the call; and whoever leaves a stream lying gives it back by an abort.
      using merged = mergeSignals(call.options, left);
      const { signal } = merged;
      const options = { ...call.options, signal, timeoutMs: undefined };
      using held = await acquire(options);
      const release = () => held[Symbol.dispose]();
      signal.addEventListener('abort', release, { once: true });
      try {
        yield* held.stream(prepare({ ...call, options }));
      } finally {
        signal.removeEventListener('abort', release);
      }
    });
}
