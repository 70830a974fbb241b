import { least, type PoolStrategy } from '../strategy.js';

/** The connection with the fewest calls under way; of several, the first. */
export function leastInFlight(): PoolStrategy {
  return { pick: (candidates) => least(candidates, ({ inFlight }) => inFlight) };
}
