import { Introspection } from '@ctrd/api/services/introspection/v1';
import { hasCode, invalidArgument } from '../errors/index.js';
import type { Rpc } from '../rpc/rpc.js';
import type { DaemonFeature } from './daemon-api.js';

/** What a daemon can do. */
export interface Features {
  has(feature: string, signal: AbortSignal): Promise<boolean>;
}

type Probe = (rpc: Rpc, signal: AbortSignal) => Promise<boolean>;

/** Asks the daemon, and remembers what it said; a failure is not remembered. */
export function createFeatures(rpc: Rpc): Features {
  const known = new Map<string, boolean>();
  return {
    async has(feature, signal) {
      const probe = Object.hasOwn(probes, feature) ? probes[feature as DaemonFeature] : undefined;
      if (probe === undefined) {
        throw invalidArgument('feature', `be one of ${Object.keys(probes).join(', ')}`, feature);
      }
      const there = known.get(feature) ?? (await probe(rpc, signal));
      known.set(feature, there);
      return there;
    },
  };
}

const probes: Readonly<Record<DaemonFeature, Probe>> = {
  transfer: service('transfer'),
  sandboxes: service('sandboxes'),
  mounts: service('mounts'),
  'plugin-info': async (rpc, signal) => {
    try {
      await rpc.client(Introspection).pluginInfo({}, { signal });
      return true;
    } catch (error) {
      // A daemon that refuses the empty request knows the method.
      if (hasCode(error, 'unavailable', 'timeout', 'aborted')) throw error;
      return !hasCode(error, 'unimplemented');
    }
  },
};

/** Whether the daemon has one of its services, and could start it. */
function service(id: string): Probe {
  return async (rpc, signal) => {
    const filters = [`type==io.containerd.grpc.v1,id==${id}`];
    const { plugins } = await rpc.client(Introspection).plugins({ filters }, { signal });
    return plugins.some(({ initErr }) => initErr === undefined);
  };
}
