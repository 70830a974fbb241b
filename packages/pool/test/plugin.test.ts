import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@ctrd/api/grpc/health/v1';
import { Events } from '@ctrd/api/services/events/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { ctrd, Transport } from '@ctrd/core';
import { describe, expect, it } from 'vitest';
import { caught } from '../../core/test/support/caught.js';
import { folder } from '../../core/test/support/folder.js';
import { route, serve } from '../../core/test/support/serve.js';
import { until } from '../../core/test/support/until.js';
import {
  type ConnectionChange,
  connectionChanged,
  leastInFlight,
  Pool,
  PoolStrategy,
  pool,
  powerOfTwoChoices,
  roundRobin,
  sticky,
} from '../src/index.js';

async function daemon() {
  const place = await folder();
  const address = place.file('d.sock');
  const served = await serve(address, [
    route(Health, { check: () => ({ status: Status.SERVING }) }),
    route(Version, { version: () => ({ version: 'v1.0.0', revision: 'r' }) }),
    route(Events, {
      async *subscribe(_, { signal }) {
        yield { topic: '/tasks/exit', namespace: 'default' };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    }),
  ]);
  return {
    address,
    async [Symbol.asyncDispose]() {
      await served.stop();
      await place[Symbol.asyncDispose]();
    },
  };
}

describe('a client with a pool', () => {
  it('carries its calls on connections apart by role', async () => {
    await using there = await daemon();
    await using client = await ctrd(there).use(pool()).connect();
    expect(await client.version()).toEqual({ version: 'v1.0.0', revision: 'r' });
    const events = client.events()[Symbol.asyncIterator]();
    await events.next();
    expect(client.pool.stats().connections.map(({ role, state }) => [role, state])).toEqual([
      ['control', 'ready'],
      ['bulk', 'idle'],
      ['stream', 'ready'],
    ]);
    expect(client.pool.stats().roles.stream).toMatchObject({ inFlight: 1, free: 999 });
    await events.return?.();
    expect(client.pool.stats().roles.stream).toMatchObject({ inFlight: 0, free: 1000 });
  });

  it.each([
    ['leastInFlight', leastInFlight()],
    ['roundRobin', roundRobin()],
    ['powerOfTwoChoices', powerOfTwoChoices()],
    ['sticky', sticky()],
  ])('works with %s', async (_, strategy) => {
    await using there = await daemon();
    await using client = await ctrd(there)
      .use(pool({ capacity: 3, strategy }))
      .connect();
    const answers = await Promise.all(Array.from({ length: 30 }, () => client.version()));
    expect(answers).toHaveLength(30);
  });

  it('asks the strategy that a host provides', async () => {
    await using there = await daemon();
    const newest: PoolStrategy = {
      pick: (candidates) => candidates.reduce((a, b) => (b.id > a.id ? b : a)),
    };
    await using client = await ctrd(there)
      .use(pool({ capacity: 3 }))
      .provide(PoolStrategy, newest)
      .connect();
    await client.version();
    expect(client.pool.stats().connections.map(({ state }) => state === 'ready')).toEqual([
      ...[false, false, true, false, false, false, false, false, false],
    ]);
  });

  it('refuses a strategy that picks what it was not shown', async () => {
    await using there = await daemon();
    const own: PoolStrategy = { pick: ([first]) => ({ ...(first as NonNullable<typeof first>) }) };
    const error = await caught(
      ctrd(there)
        .use(pool({ strategy: own }))
        .connect(),
    );
    expect(error.message).toContain('strategy');
  });

  it('tells of its connections, by a moment and by a channel', async () => {
    await using there = await daemon();
    const moments: ConnectionChange[] = [];
    const messages: unknown[] = [];
    const listen = (message: unknown) => messages.push(message);
    subscribe('ctrd:pool:connect', listen);
    try {
      const client = await ctrd(there)
        .use(pool())
        .on(connectionChanged, (change) => void moments.push(change))
        .connect();
      await client.close();
      await until(() => moments.at(-1)?.state === 'closed');
    } finally {
      unsubscribe('ctrd:pool:connect', listen);
    }
    expect(messages).toEqual([{ role: 'control', connection: 0 }]);
    expect(moments).toContainEqual({ id: 0, role: 'control', state: 'ready' });
  });

  it('has the pool as its transport, and closes it', async () => {
    await using there = await daemon();
    const client = await ctrd(there).use(pool()).connect();
    const described = client.describe().parts.filter(({ providedBy }) => providedBy === 'pool');
    expect(described.map(({ token }) => token).sort()).toEqual(
      [Pool.name, PoolStrategy.name, Transport.name].sort(),
    );
    await client.close();
    expect(client.pool.stats().state).toBe('closed');
    expect(() => client.pool.get()).toThrow(
      expect.objectContaining({ code: 'failed-precondition', reason: 'closed' }),
    );
  });
});
