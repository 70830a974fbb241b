import { Containers } from '@ctrd/api/services/containers/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Status } from '@ctrd/api/types/task';
import { CtrdError, hasCode, type Rpc } from '@ctrd/core';
import type { StorePlace } from './snapshot-store.js';

/**
 * Refuses a snapshot that a running task stands on. The daemon itself would remove it under the
 * task (seen on 1.6, 1.7 and 2.1), and the container would run on without its files.
 */
export async function refuseInUse(rpc: Rpc, key: string, place: StorePlace): Promise<void> {
  const { signal, snapshotter } = place;
  for await (const { container } of rpc.client(Containers).listStream({}, { signal })) {
    if (container?.snapshotKey !== key || container.snapshotter !== snapshotter) continue;
    if (await isRunning(rpc, container.id, signal)) {
      throw new CtrdError(`the running container ${container.id} uses it`, {
        code: 'failed-precondition',
        reason: 'in-use',
        subject: key,
      });
    }
  }
}

/** The snapshots that containers stand on, each as its snapshotter and key with a space between. */
export async function snapshotsOfContainers(
  rpc: Rpc,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for await (const { container } of rpc.client(Containers).listStream({}, { signal })) {
    if (container !== undefined) used.add(`${container.snapshotter} ${container.snapshotKey}`);
  }
  return used;
}

async function isRunning(rpc: Rpc, containerId: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { process } = await rpc.client(Tasks).get({ containerId }, { signal });
    return process !== undefined && process.status !== Status.STOPPED;
  } catch (error) {
    if (hasCode(error, 'not-found')) return false;
    throw error;
  }
}
