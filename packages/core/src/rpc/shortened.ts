import type { UnaryCall } from './call.js';

/** The call with what its time limit leaves after some of it has gone. */
export function shortened(call: UnaryCall, goneMs: number): UnaryCall {
  const { timeoutMs } = call.options;
  if (timeoutMs === undefined) return call;
  return { ...call, options: { ...call.options, timeoutMs: Math.max(0, timeoutMs - goneMs) } };
}
