import { type ConnectionView, least, type PoolStrategy } from '../strategy.js';

/**
 * Two connections by chance, and of these the one with fewer calls under way: nearly as even as
 * looking at all of them, without the rush of many callers to the same one.
 *
 * @param options.random - a number of at least 0 and below 1. Default: `Math.random`.
 */
export function powerOfTwoChoices({
  random = Math.random,
}: {
  readonly random?: (() => number) | undefined;
} = {}): PoolStrategy {
  return {
    pick(candidates) {
      const drawn = Math.floor(random() * candidates.length);
      const others = candidates.filter((_, index) => index !== drawn);
      const pair = [candidates[drawn], others[Math.floor(random() * others.length)]];
      const there = pair.filter((view): view is ConnectionView => view !== undefined);
      return least(there, ({ inFlight }) => inFlight);
    },
  };
}
