// Checked some hundred thousand times: vitest's own expectations would take most of the time.
import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createPool,
  leastInFlight,
  leastUsed,
  type Pool,
  type PoolOptions,
  type PoolStrategy,
  powerOfTwoChoices,
  roundRobin,
  sticky,
} from '../src/index.js';
import { long, short, watching } from './support/calls.js';
import {
  dropped,
  type FakeConnection,
  type FakeConnections,
  fakeConnections,
} from './support/fake-connections.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const maxStreams = 3;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stream' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('short' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('state' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat(2000) }) },
);

const strategies = { leastUsed, leastInFlight, roundRobin, powerOfTwoChoices, sticky };
const strategyName = fc.constantFrom(...(Object.keys(strategies) as (keyof typeof strategies)[]));

/** A pool under test, what the test knows of it, and what must hold of both at any time. */
function modelOf(inner: PoolStrategy, options: PoolOptions) {
  const fakes = fakeConnections();
  // Looks over the strategy's shoulder: it is never shown what it must not pick.
  const strategy: PoolStrategy = {
    pick(candidates, call) {
      const room = call.role === 'stream' ? 1 : 0;
      const able = pool
        .stats()
        .connections.filter(({ role, free }) => role === call.role && free >= room);
      if (able.some((view) => view.healthy)) {
        assert.ok(candidates.every((view) => view.healthy));
      }
      assert.ok(candidates.every(({ free }) => free >= room));
      return inner.pick(candidates, call);
    },
  };
  const pool = createPool({ open: fakes.open }, { strategy, ...options });
  const aborts = new Set<AbortController>();
  const ends: Promise<unknown>[] = [];

  function begin(call: (signal: AbortSignal) => Promise<unknown>): void {
    const abort = new AbortController();
    aborts.add(abort);
    const end = call(abort.signal).catch(() => {});
    ends.push(end.finally(() => aborts.delete(abort)));
  }

  return {
    pool,
    fakes,
    aborts,
    begin,
    check: () => checkInvariants(pool, fakes, aborts.size),
    async end() {
      for (const abort of aborts) abort.abort();
      await Promise.all(ends);
    },
  };
}

function checkInvariants(pool: Pool, fakes: FakeConnections, callers: number): void {
  const { connections, roles, calls } = pool.stats();
  const underWay = new Map(fakes.opened.map((fake) => [idOf(pool, fake), fake.calls.size]));
  for (const { id, role, free, inFlight } of connections) {
    assert.ok(free >= 0);
    assert.ok(free <= maxStreams);
    assert.equal(inFlight, underWay.get(id) ?? 0);
    // Each long call holds one stream of the connection that it is on, and nothing else does.
    assert.equal(maxStreams - free, role === 'stream' ? inFlight : 0);
  }
  assert.equal(roles.control.queued, 0);
  assert.equal(calls, callers);
  assert.equal(fakes.calls().length + roles.stream.queued, callers);
  if (roles.stream.queued === 0) return;
  const streams = connections.filter(({ role }) => role === 'stream');
  const healthy = streams.filter((view) => view.healthy);
  const away = !healthy.some(({ state }) => state === 'ready');
  assert.ok((away ? streams : healthy).every(({ free }) => free === 0));
}

/** The pool's number of a connection: it tells when the connection tells of its state. */
function idOf(pool: Pool, fake: FakeConnection): number {
  let told = -1;
  using _watching = pool.watch(({ id }) => {
    told = id;
  });
  fake.become(fake.state);
  return told;
}

describe.each([
  ['wait', { capacity: { stream: 3 }, maxStreams, whenExhausted: 'wait', maxQueued: 5 }],
  ['fail', { capacity: { stream: 3 }, maxStreams, whenExhausted: 'fail' }],
  ['grow', { maxStreams, whenExhausted: 'grow', growTo: 4 }],
] as const)('a pool that answers an exhausted quota with %s', (_, options) => {
  it('loses and doubles no stream in ten thousand random steps', { timeout: 120_000 }, async () => {
    const steps = fc.array(step, { minLength: 250, maxLength: 250, size: 'max' });
    await fc.assert(
      fc.asyncProperty(strategyName, steps, async (name, list) => {
        const { pool, fakes, aborts, begin, check, end } = modelOf(strategies[name](), options);
        for (const each of list) {
          const calls = fakes.calls();
          const call = 'which' in each ? calls[each.which % calls.length] : undefined;
          switch (each.kind) {
            case 'wait':
              begin((signal) => pool.unary(long({ signal, affinity: `job-${each.which}` })));
              break;
            case 'stream':
              begin(async (signal) => {
                for await (const _ of pool.stream(watching({ signal }))) break;
              });
              break;
            case 'short':
              begin((signal) => pool.unary(short({ signal })));
              break;
            case 'answer':
              call?.answer();
              break;
            case 'drop':
              call?.fail(dropped());
              break;
            case 'abort':
              [...aborts][each.which % aborts.size]?.abort();
              break;
            case 'state': {
              const fake = fakes.opened[each.which % fakes.opened.length];
              fake?.become(fake.state === 'failing' ? 'ready' : 'failing');
              break;
            }
            case 'time':
              vi.advanceTimersByTime(each.ms);
          }
          await settled();
          check();
        }
        await end();
        const { calls, roles } = pool.stats();
        expect(calls).toBe(0);
        expect(roles.stream.free).toBe(roles.stream.maxStreams);
        await pool.close();
      }),
      { numRuns: 40 },
    );
  });
});
