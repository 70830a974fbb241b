import { Snapshots } from '@ctrd/api/services/snapshots/v1';
import { hasCode, type Rpc } from '@ctrd/core';

/** Whether a snapshotter has a snapshot of a key. */
export async function hasSnapshot(
  rpc: Rpc,
  { snapshotter, key, signal }: { snapshotter: string; key: string; signal: AbortSignal },
): Promise<boolean> {
  try {
    await rpc.client(Snapshots).stat({ snapshotter, key }, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, 'not-found')) return false;
    throw error;
  }
}
