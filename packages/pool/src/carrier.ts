import { type CallOptions, type CallRole, shortened, type Transport } from '@ctrd/core';
import type { Gate } from './gate.js';
import type { Group } from './group.js';
import { heldStreams } from './held-stream.js';
import type { PoolCall } from './strategy.js';

/** A call as it goes out: it waits for a daemon that is away when that is the pool's setting. */
export type Prepare = <C extends { readonly options: CallOptions }>(call: C) => C;

export interface CarrierParts {
  readonly gate: Gate;
  readonly groups: Readonly<Record<CallRole, Group>>;
  readonly prepare: Prepare;
}

/** Takes each call to a connection of its role: short ones at once, long ones with a stream taken. */
export function createCarrier({
  gate,
  groups,
  prepare,
}: CarrierParts): Pick<Transport, 'unary' | 'stream'> {
  return {
    async unary(call) {
      using _entered = gate.enter();
      const ready = prepare(call);
      const which = poolCall(call.options);
      if (which.role !== 'stream') return await groups[which.role].pick(which).unary(ready);
      const start = performance.now();
      using held = await groups.stream.acquire(which, call.options);
      return await held.unary(shortened(ready, performance.now() - start));
    },
    stream: heldStreams(gate, prepare, (options) => {
      const which = poolCall(options);
      return groups[which.role].acquire(which, options);
    }),
  };
}

export function poolCall({ role = 'control', affinity }: PoolCall | CallOptions): PoolCall {
  return { role, affinity };
}
