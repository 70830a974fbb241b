export { createPool, type PoolParts } from './create-pool.js';
export { pool } from './plugin.js';
export {
  type ConnectionChange,
  connectionChanged,
  type PickOptions,
  Pool,
  type PoolAPIClient,
  type PooledConnection,
  type PoolStats,
  type RoleStats,
} from './pool-api.js';
export type { PoolEvent } from './pool-events.js';
export {
  type EjectionOptions,
  type HealthCheckOptions,
  type PoolOptions,
  seedDefaults,
} from './pool-options.js';
export { leastInFlight } from './strategies/least-in-flight.js';
export { leastUsed } from './strategies/least-used.js';
export { powerOfTwoChoices } from './strategies/power-of-two-choices.js';
export { roundRobin } from './strategies/round-robin.js';
export { sticky } from './strategies/sticky.js';
export { type ConnectionView, type PoolCall, PoolStrategy } from './strategy.js';
export type { StreamLease, StreamQuota } from './stream-quota.js';
