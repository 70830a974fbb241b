import type { Prepare } from './carrier.js';
import type { Gate } from './gate.js';
import { heldStreams } from './held-stream.js';
import type { Member } from './member.js';
import type { PooledConnection } from './pool-api.js';

/** A member in a caller's hand. */
export function pooledConnection(member: Member, gate: Gate, prepare: Prepare): PooledConnection {
  const { quota, view } = member;
  const methods: Omit<PooledConnection, keyof typeof view> = {
    consume: (n) => quota.consume(n),
    produce: (n) => quota.produce(n),
    lease: () => quota.lease(),
    async unary(call) {
      using _entered = gate.enter();
      if (call.options.role !== 'stream') return await member.unary(prepare(call));
      using held = member.hold();
      return await held.unary(prepare(call));
    },
    stream: heldStreams(gate, prepare, () => member.hold()),
  };
  // With the view's getters, not their values of now.
  return Object.freeze(
    Object.defineProperties(methods, Object.getOwnPropertyDescriptors(view)) as PooledConnection,
  );
}
