import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { until } from '../../core/test/support/until.js';
import {
  type ConnectionView,
  createPool,
  leastInFlight,
  leastUsed,
  type PoolStrategy,
  powerOfTwoChoices,
  roundRobin,
  sticky,
} from '../src/index.js';
import { long } from './support/calls.js';
import { fakeConnections } from './support/fake-connections.js';
import { view } from './support/views.js';

const control = { role: 'control' } as const;
const several = fc.array(fc.record({ free: fc.nat(100), inFlight: fc.nat(100) }), { minLength: 1 });
const viewsOf = (facts: readonly Partial<ConnectionView>[]) =>
  facts.map((fact, id) => view(id, fact));

describe('leastUsed', () => {
  it('picks the first of those with the most streams left', () => {
    fc.assert(
      fc.property(several, (facts) => {
        const views = viewsOf(facts);
        const most = Math.max(...views.map(({ free }) => free));
        expect(leastUsed().pick(views, control)).toBe(views.find(({ free }) => free === most));
      }),
    );
  });
});

describe('leastInFlight', () => {
  it('picks the first of those with the fewest calls under way', () => {
    fc.assert(
      fc.property(several, (facts) => {
        const views = viewsOf(facts);
        const fewest = Math.min(...views.map(({ inFlight }) => inFlight));
        const first = views.find(({ inFlight }) => inFlight === fewest);
        expect(leastInFlight().pick(views, control)).toBe(first);
      }),
    );
  });
});

describe('roundRobin', () => {
  it('gives every connection the same number of turns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (n, rounds) => {
        const turns = picks(roundRobin(), n, n * rounds);
        expect(turns).toEqual(Array.from({ length: n }, () => rounds));
      }),
    );
  });
});

describe('powerOfTwoChoices', () => {
  it('never picks the busiest connection when there is another one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(), (n, seed) => {
        const views = Array.from({ length: n }, (_, id) => view(id, { inFlight: id }));
        const strategy = powerOfTwoChoices({ random: randomOf(seed) });
        for (let turn = 0; turn < 20; turn += 1) {
          expect(strategy.pick(views, control).id).toBeLessThan(n - 1);
        }
      }),
    );
  });

  it('can pick every connection when all are alike, and the only one when there is one', () => {
    const views = Array.from({ length: 5 }, (_, id) => view(id));
    const strategy = powerOfTwoChoices({ random: randomOf(1) });
    const seen = new Set(Array.from({ length: 200 }, () => strategy.pick(views, control).id));
    expect(seen).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(strategy.pick([view(7)], control).id).toBe(7);
  });
});

describe('long calls over several connections', () => {
  it.each([
    ['leastUsed', leastUsed],
    ['leastInFlight', leastInFlight],
    ['roundRobin', roundRobin],
  ])('are spread evenly by %s, also after some have ended', async (_, strategy) => {
    const numbers = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 40 }));
    await fc.assert(
      fc.asyncProperty(numbers, async ([connections, calls]) => {
        const fakes = fakeConnections();
        const pool = createPool(fakes, {
          capacity: { stream: connections },
          strategy: strategy(),
        });
        const begin = () => Promise.all(Array.from({ length: calls }, () => pool.unary(long())));
        for (let round = 0; round < 2; round += 1) {
          const ended = begin();
          await until(() => fakes.calls().length === calls);
          const views = pool.stats().connections.filter(({ role }) => role === 'stream');
          const counts = views.map(({ inFlight }) => inFlight);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          for (const call of fakes.calls()) call.answer();
          await ended;
        }
        await pool.close();
      }),
      { numRuns: 30 },
    );
  });
});

describe('sticky', () => {
  const keys = Array.from({ length: 300 }, (_, index) => `job-${index}`);
  const home = (strategy: PoolStrategy, ids: readonly number[], affinity: string) =>
    strategy.pick(
      ids.map((id) => view(id)),
      { role: 'stream', affinity },
    ).id;

  it('moves only the keys of a connection that goes', () => {
    const strategy = sticky();
    for (const key of keys) {
      const before = home(strategy, [0, 1, 2, 3, 4], key);
      const after = home(strategy, [0, 1, 3, 4], key);
      if (before !== 2) expect(after).toBe(before);
    }
  });

  it('spreads keys over all connections', () => {
    const counts = new Map<number, number>();
    for (const key of keys) {
      const id = home(sticky(), [0, 1, 2, 3, 4], key);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(Math.max(...counts.values())).toBeLessThan(120);
  });

  it('leaves calls without a key to its fallback', () => {
    const last: PoolStrategy = { pick: (candidates) => candidates.at(-1) ?? view(-1) };
    expect(sticky(last).pick([view(0), view(1)], control).id).toBe(1);
  });
});

/** How often each of n connections is picked. */
function picks(strategy: PoolStrategy, n: number, turns: number): number[] {
  const views = Array.from({ length: n }, (_, id) => view(id));
  const counts = views.map(() => 0);
  for (let turn = 1; turn <= turns; turn += 1) {
    const { id } = strategy.pick(views, control);
    counts[id] = (counts[id] ?? 0) + 1;
    views[id] = view(id, { lastPick: turn });
  }
  return counts;
}

/** Numbers that look random and are the same each time (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
