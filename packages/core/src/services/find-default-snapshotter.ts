import { Namespaces } from '@ctrd/api/services/namespaces/v1';
import { hasCode } from '../errors/index.js';
import type { Rpc } from '../rpc/rpc.js';
import type { DefaultSnapshotter } from './default-snapshotter.js';

/** Decides once, and remembers what the daemon said; a failure is not remembered. */
export function createDefaultSnapshotter(rpc: Rpc, option: string | undefined): DefaultSnapshotter {
  let known = option ?? process.env['CONTAINERD_SNAPSHOTTER'];
  return {
    async name({ signal }) {
      known ||= await labelled(rpc, signal);
      return known;
    },
  };
}

async function labelled(rpc: Rpc, signal: AbortSignal): Promise<string> {
  try {
    const { namespace } = await rpc.client(Namespaces).get({ name: rpc.namespace }, { signal });
    return namespace?.labels['containerd.io/defaults/snapshotter'] || 'overlayfs';
  } catch (error) {
    // The first write in a namespace makes it.
    if (hasCode(error, 'not-found')) return 'overlayfs';
    throw error;
  }
}
