import { Address, bind, Connector, definePlugin, Report, Transport } from '@ctrd/core';
import { createPool } from './create-pool.js';
import { connectionChanged, Pool, type PoolAPIClient } from './pool-api.js';
import { type PoolOptions, poolSettings } from './pool-options.js';
import { leastInFlight } from './strategies/least-in-flight.js';
import { PoolStrategy } from './strategy.js';

/**
 * Carries the client's calls over several connections, each for its kind of call: short ones, content
 * and long-lived ones. Throws `invalid-argument`, naming the option.
 */
export function pool(options: PoolOptions = {}) {
  const { eager } = poolSettings(options);
  return definePlugin({
    name: 'pool',
    requires: [Address, Connector, Report],
    provides: [
      bind(PoolStrategy, () => options.strategy ?? leastInFlight()),
      bind(Pool, (parts) => {
        const address = parts.get(Address);
        const connector = parts.get(Connector);
        const report = parts.get(Report);
        return createPool(
          {
            open: () => connector.open(address.path),
            onFailure: (error) => report({ source: 'pool', error }),
          },
          { ...options, strategy: parts.get(PoolStrategy) },
        );
      }),
      bind(Transport, (parts) => parts.get(Pool)),
    ],
    setup(context) {
      const made = context.get(Pool);
      made.watch(({ id, role, state }) => {
        void context.hooks.tell(
          connectionChanged,
          { id, role, state },
          { signal: context.closing },
        );
      });
      const { stats, get, drain, watch } = made;
      const api: PoolAPIClient = Object.freeze({ stats, get, drain, watch });
      return {
        members: { pool: api },
        start: async ({ signal }: { signal: AbortSignal }) => {
          if (eager) await made.connect({ signal });
        },
      };
    },
  });
}
