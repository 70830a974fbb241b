import { Containers } from '@ctrd/api/services/containers/v1';
import { Snapshots } from '@ctrd/api/services/snapshots/v1';
import type { Rpc } from '@ctrd/core';

/** What containers use of images. */
export interface UsedImages {
  /** Names of records, as containers have them. */
  readonly names: ReadonlySet<string>;
  /** Snapshots that containers' own stand on: the layers of their images, whatever their names. */
  readonly layers: ReadonlySet<string>;
}

export async function usedImages(rpc: Rpc, signal: AbortSignal): Promise<UsedImages> {
  const names = new Set<string>();
  const keys = new Map<string, Set<string>>();
  for await (const { container } of rpc.client(Containers).listStream({}, { signal })) {
    if (container === undefined) continue;
    const { image, snapshotter, snapshotKey } = container;
    if (image !== '') names.add(image);
    if (snapshotKey === '') continue;
    const known = keys.get(snapshotter) ?? new Set();
    keys.set(snapshotter, known.add(snapshotKey));
  }
  const layers = new Set<string>();
  for (const [snapshotter, own] of keys) {
    const parents = new Map<string, string>();
    for await (const { info } of rpc.client(Snapshots).list({ snapshotter }, { signal })) {
      for (const { name, parent } of info) parents.set(name, parent);
    }
    for (const key of own) {
      for (let at = parents.get(key) ?? ''; at !== ''; at = parents.get(at) ?? '') layers.add(at);
    }
  }
  return { names, layers };
}
