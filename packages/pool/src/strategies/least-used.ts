import { least, type PoolStrategy } from '../strategy.js';

/**
 * The connection with the most streams left; of several, the first. Short calls use up no stream,
 * so they all go where the fewest long ones are.
 */
export function leastUsed(): PoolStrategy {
  return { pick: (candidates) => least(candidates, ({ free }) => -free) };
}
