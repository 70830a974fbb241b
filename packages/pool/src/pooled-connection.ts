import type { CallOptions } from '@ctrd/core';
import type { Member } from './member.js';
import type { PooledConnection } from './pool-api.js';

/** What the calls of a pinned connection have in common with the pool's own. */
export interface Gate {
  enter(): Disposable;
  prepared<C extends { readonly options: CallOptions }>(call: C): C;
}

export function pooledConnection(member: Member, { enter, prepared }: Gate): PooledConnection {
  const { quota, view } = member;
  const methods: Omit<PooledConnection, keyof typeof view> = {
    consume: (n) => quota.consume(n),
    produce: (n) => quota.produce(n),
    lease: () => quota.lease(),
    async unary(call) {
      using _entered = enter();
      using _lease = call.options.role === 'stream' ? quota.lease() : undefined;
      return await member.unary(prepared(call));
    },
    async *stream(call) {
      using _entered = enter();
      using _lease = quota.lease();
      yield* member.stream(prepared(call));
    },
  };
  // With the view's getters, not their values of now.
  return Object.freeze(
    Object.defineProperties(methods, Object.getOwnPropertyDescriptors(view)) as PooledConnection,
  );
}
