import { least, type PoolStrategy } from '../strategy.js';

/** The connection whose last turn is the longest ago. */
export function roundRobin(): PoolStrategy {
  return { pick: (candidates) => least(candidates, ({ lastPick }) => lastPick) };
}
