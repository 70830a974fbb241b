import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, vi } from 'vitest';
import { caught } from '../../core/test/support/caught.js';
import { until } from '../../core/test/support/until.js';
import {
  createPool,
  type Pool,
  type PoolEvent,
  type PoolStrategy,
  seedDefaults,
} from '../src/index.js';
import { poolChannels } from '../src/pool-events.js';
import { long, short, watching } from './support/calls.js';
import { dropped, type FakeCall, fakeConnections } from './support/fake-connections.js';

/** A pool whose one connection for streams has both of its streams taken. */
async function usedUp(whenExhausted: 'wait' | 'fail' | 'grow', limits = {}) {
  const fakes = fakeConnections();
  const pool = createPool(fakes, { maxStreams: 2, whenExhausted, growTo: 2, ...limits });
  const waits = [pool.unary(long()), pool.unary(long())];
  await until(() => fakes.calls().length === 2);
  const [first, second] = fakes.calls() as [FakeCall, FakeCall];
  return { fakes, pool, waits, first, second };
}

describe('when every stream is taken', () => {
  it.each(['wait', 'fail', 'grow'] as const)('short calls go on (%s)', async (whenExhausted) => {
    const { fakes, pool } = await usedUp(whenExhausted);
    const answer = pool.unary(short());
    fakes.calls().at(-1)?.answer();
    await expect(answer).resolves.toBeDefined();
  });

  it('a pool that fails says quota-exhausted', async () => {
    const { pool } = await usedUp('fail');
    const error = await caught(pool.unary(long()));
    expect(error).toMatchObject({ code: 'quota-exhausted', reason: 'streams' });
  });

  it('a pool that grows opens a further connection, up to its limit', async () => {
    const { fakes, pool } = await usedUp('grow');
    const more = [pool.unary(long()), pool.unary(long())];
    await until(() => fakes.calls().length === 4);
    expect(pool.stats().roles.stream).toMatchObject({ connections: 2, free: 0, maxStreams: 4 });
    await expect(caught(pool.unary(long()))).resolves.toMatchObject({ code: 'quota-exhausted' });
    for (const call of fakes.calls()) call.answer();
    await Promise.all(more);
  });

  it('a pool that waits serves in the order of arrival', async () => {
    const { pool, first, second } = await usedUp('wait');
    const queued = ['a', 'b'].map((affinity) => pool.unary(long({ affinity })));
    const underWay = () => [...first.on.calls].map(({ options }) => options.affinity);
    expect(pool.stats().roles.stream.queued).toBe(2);
    first.answer();
    await until(() => first.on.calls.size === 2);
    expect(underWay()).toEqual([undefined, 'a']);
    second.answer();
    await until(() => first.on.calls.size === 2);
    expect(underWay()).toEqual(['a', 'b']);
    for (const call of first.on.calls) call.answer();
    await Promise.all(queued);
  });

  it('a call that waits can be aborted, and its place is free', async () => {
    const { pool, first } = await usedUp('wait');
    const abort = new AbortController();
    const waiting = pool.unary(long({ signal: abort.signal }));
    const next = pool.unary(long());
    abort.abort();
    expect(await caught(waiting)).toMatchObject({ code: 'aborted' });
    expect(pool.stats().roles.stream.queued).toBe(1);
    first.answer();
    await until(() => first.on.calls.size === 2);
    for (const call of first.on.calls) call.answer();
    await next;
  });

  it('a call that waits ends with its own time limit', async () => {
    const { pool } = await usedUp('wait');
    expect(await caught(pool.unary(long({ timeoutMs: 10 })))).toMatchObject({ code: 'timeout' });
    expect(await caught(pool.unary(long({ timeoutMs: 0 })))).toMatchObject({ code: 'timeout' });
    expect(pool.stats().roles.stream.queued).toBe(0);
  });

  it('the time of waiting counts as time of the call', async () => {
    const { pool, first } = await usedUp('wait');
    const waiting = pool.unary(long({ timeoutMs: 60_000 }));
    first.answer();
    await until(() => first.on.calls.size === 2);
    const later = [...first.on.calls].at(-1);
    expect(later?.options.timeoutMs).toBeLessThan(60_000);
    later?.answer();
    await waiting;
  });

  it('a full queue, and a queue whose time is up, say quota-exhausted', async () => {
    const { pool } = await usedUp('wait', { maxQueued: 1, queueTimeoutMs: 20 });
    const waiting = caught(pool.unary(long()));
    expect(await caught(pool.unary(long()))).toMatchObject({
      code: 'quota-exhausted',
      reason: 'queue-full',
    });
    expect(await waiting).toMatchObject({ code: 'quota-exhausted', reason: 'queue-timeout' });
  });

  it('a strategy that fails harms only the call that waits', async () => {
    let broken = false;
    const strategy: PoolStrategy = {
      pick(candidates) {
        if (broken) throw new Error('of the strategy');
        return candidates[0] as (typeof candidates)[number];
      },
    };
    const { pool, waits, first } = await usedUp('wait', { strategy });
    const waiting = pool.unary(long());
    broken = true;
    first.answer();
    await expect(waits[0]).resolves.toBeDefined();
    await expect(waiting).rejects.toThrow('of the strategy');
    expect(pool.stats().roles.stream).toMatchObject({ free: 1, queued: 0 });
  });
});

describe('what is counted', () => {
  it('every long call, of whichever role, and no short one', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { maxStreams: 10 });
    const calls = [
      pool.unary(short()),
      pool.unary(short({ role: 'bulk' })),
      pool.unary(long()),
      drained(pool.stream(watching())),
      drained(pool.stream(watching({ role: 'bulk' }))),
    ];
    await until(() => fakes.calls().length === calls.length);
    const { roles } = pool.stats();
    expect([roles.control.free, roles.bulk.free, roles.stream.free]).toEqual([10, 9, 8]);
    for (const call of fakes.calls()) call.answer();
    await Promise.all(calls);
    expect(Object.values(pool.stats().roles).every(({ free }) => free === 10)).toBe(true);
  });

  it('gives a stream back on each way out: answer, failure, abort, early end, never begun', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { maxStreams: 4, whenExhausted: 'fail' });
    const abort = new AbortController();
    const early = pool.stream(watching())[Symbol.asyncIterator]();
    pool.stream(watching());
    const ends = Promise.allSettled([
      pool.unary(long()),
      pool.unary(long()),
      pool.unary(long({ signal: abort.signal })),
      early.next(),
    ]);
    await until(() => fakes.calls().length === 4);
    expect(pool.stats().roles.stream.free).toBe(0);
    const [answered, failed, , left] = fakes.calls();
    answered?.answer();
    failed?.fail(dropped());
    abort.abort();
    left?.answer();
    await ends;
    expect(pool.stats().roles.stream.free).toBe(3);
    await early.return?.();
    expect(pool.stats()).toMatchObject({ calls: 0, roles: { stream: { free: 4 } } });
  });

  it.each([
    ['the pool', (pool: Pool) => pool],
    ['a connection in the hand', (pool: Pool) => pool.get({ role: 'stream' })],
  ])('gives a stream of %s back at once when its reader leaves while waiting', async (_, by) => {
    const fakes = fakeConnections();
    const pool = createPool(fakes);
    const answers = by(pool).stream(watching())[Symbol.asyncIterator]();
    const waiting = answers.next();
    await until(() => fakes.calls().length === 1);
    expect(await answers.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(fakes.calls()).toHaveLength(0);
    expect(pool.stats()).toMatchObject({ calls: 0, roles: { stream: { free: 1000 } } });
  });

  it('gives back the stream of an iteration that was left lying, when its signal ends', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes);
    const abort = new AbortController();
    const iterator = pool.stream(watching({ signal: abort.signal }))[Symbol.asyncIterator]();
    const first = iterator.next();
    await until(() => fakes.calls().length === 1);
    fakes.calls()[0]?.answer();
    await first;
    expect(pool.stats().roles.stream.free).toBe(999);
    abort.abort();
    expect(pool.stats().roles.stream.free).toBe(1000);
  });
});

describe('a connection in the hand', () => {
  it('is the one with the most streams left, the first of several, with the defaults of the seed', () => {
    const pool = createPool(fakeConnections(), seedDefaults);
    const first = pool.get({ role: 'stream' });
    first.consume(2);
    const second = pool.get({ role: 'stream' });
    second.consume(1);
    expect(second.id).toBe(first.id + 1);
    first.produce(2);
    expect(pool.get({ role: 'stream' }).id).toBe(first.id);
    expect(pool.stats().roles.stream).toMatchObject({ free: 499, maxStreams: 500 });
  });

  it('counts its own long calls, and refuses them when its streams are taken', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { maxStreams: 2 });
    const mine = pool.get({ role: 'stream' });
    mine.consume();
    const waiting = mine.unary(long());
    expect(mine).toMatchObject({ free: 0, inFlight: 1 });
    expect(await caught(mine.unary(long()))).toMatchObject({ code: 'quota-exhausted' });
    const asked = mine.unary(short());
    for (const call of fakes.calls()) call.answer();
    await Promise.all([waiting, asked]);
    expect(mine).toMatchObject({ free: 1, inFlight: 0 });
  });
});

describe('diagnostics channels', () => {
  it('tell of taken, given back and awaited streams', async () => {
    const seen: [string, PoolEvent][] = [];
    const listen = (message: unknown, name: string | symbol) =>
      seen.push([String(name), message as PoolEvent]);
    const names = ['acquire', 'release', 'queue'].map((name) => `ctrd:pool:${name}`);
    for (const name of names) subscribe(name, listen);
    try {
      const fakes = fakeConnections();
      const pool = createPool(fakes, { maxStreams: 1, whenExhausted: 'wait' });
      const first = pool.unary(long());
      const second = pool.unary(long());
      await until(() => fakes.calls().length === 1);
      fakes.calls()[0]?.answer();
      await first;
      await until(() => fakes.calls().length === 1);
      fakes.calls()[0]?.answer();
      await second;
    } finally {
      for (const name of names) unsubscribe(name, listen);
    }
    expect(seen.map(([name]) => name.slice('ctrd:pool:'.length))).toEqual([
      ...['acquire', 'queue', 'release', 'acquire', 'release'],
    ]);
    expect(seen[0]?.[1]).toEqual({ role: 'stream', connection: 2, free: 0 });
    expect(seen[1]?.[1]).toEqual({ role: 'stream', queued: 1 });
    expect(seen[2]?.[1]).toEqual({ role: 'stream', connection: 2, free: 1 });
  });

  it('make no event while nobody listens', async () => {
    const published = Object.values(poolChannels).map((channel) => vi.spyOn(channel, 'publish'));
    try {
      const fakes = fakeConnections();
      const options = { maxStreams: 1, whenExhausted: 'wait', ejection: { failures: 1 } } as const;
      const pool = createPool(fakes, options);
      await pool.connect();
      const first = caught(pool.unary(long()));
      const second = pool.unary(long());
      await until(() => fakes.calls().length === 1);
      fakes.calls()[0]?.fail(dropped());
      expect(await first).toMatchObject({ reason: 'dropped' });
      await until(() => fakes.calls().length === 1);
      fakes.calls()[0]?.answer();
      await second;
      for (const publish of published) expect(publish).not.toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
    }
  });
});

async function drained(answers: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of answers);
}
