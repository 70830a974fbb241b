import {
  type Caretaker,
  type Found,
  hasCode,
  type Leases,
  type Owner,
  ownerLabel,
  type Rpc,
} from '@ctrd/core';
import { snapshotsOfContainers } from '../in-use.js';
import type { SnapshotInfo } from '../snapshot.js';
import type { SnapshotStore } from '../snapshot-store.js';
import { workingSnapshotters } from '../snapshotter.js';

interface Parts {
  readonly rpc: Rpc;
  readonly store: SnapshotStore;
  readonly leases: Leases;
  readonly owner: Owner;
}

/**
 * Finds active snapshots and views that no container stands on. Committed ones are the daemon's to
 * collect: images and other snapshots refer to them.
 */
export function snapshotCaretaker(parts: Parts): Caretaker {
  return {
    name: 'snapshots',
    async inspect(signal) {
      // First what there is, then what is used: a container is made after its snapshot.
      const loose = await workingSnapshots(parts, signal);
      const used = await snapshotsOfContainers(parts.rpc, signal);
      const leased = await leasedByOthers(parts, signal);
      const found: Found[] = [];
      for (const snapshot of loose) {
        const place = placeOf(snapshot);
        if (used.has(place) || leased.has(place)) continue;
        const owner = snapshot.labels[ownerLabel];
        const ownerState = owner === undefined ? 'none' : await parts.owner.state(owner);
        if (ownerState === 'alive') continue;
        found.push({
          finding: {
            ...{ kind: 'snapshot', id: place, owner, ownerState, since: snapshot.createdAt },
            why: `no container stands on it${owner === undefined ? '' : ', and its owner is gone'}`,
          },
          remove: (signal) => removeLoose(parts, snapshot, signal),
        });
      }
      return found;
    },
  };
}

/** Snapshotter and key: a key may be there in several snapshotters. */
const placeOf = ({ snapshotter, key }: SnapshotInfo): string => `${snapshotter} ${key}`;

async function workingSnapshots(
  { rpc, store }: Parts,
  signal: AbortSignal,
): Promise<readonly SnapshotInfo[]> {
  const found: SnapshotInfo[] = [];
  for (const snapshotter of await workingSnapshotters(rpc, signal)) {
    const filters = ['kind==active', 'kind==view'];
    for await (const info of store.list(filters, { snapshotter, signal })) found.push(info);
  }
  return found;
}

/** What leases hold, but for those whose owners are dead: they go in the same sweep. */
async function leasedByOthers(
  { leases, owner }: Parts,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const { id, labels } of await leases.list({ signal })) {
    const by = labels[ownerLabel];
    if (by !== undefined && (await owner.state(by)) === 'dead') continue;
    try {
      for (const resource of await leases.resources(id, { signal })) {
        const snapshotter = /^snapshots\/(.+)$/.exec(resource.type)?.[1];
        if (snapshotter !== undefined) held.add(`${snapshotter} ${resource.id}`);
      }
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
    }
  }
  return held;
}

async function removeLoose(
  { rpc, store }: Parts,
  snapshot: SnapshotInfo,
  signal: AbortSignal,
): Promise<boolean> {
  const { key, snapshotter, labels, createdAt } = snapshot;
  try {
    const now = await store.stat(key, { snapshotter, signal });
    const same =
      now.createdAt.getTime() === createdAt.getTime() &&
      now.labels[ownerLabel] === labels[ownerLabel];
    if (!same || (await snapshotsOfContainers(rpc, signal)).has(placeOf(snapshot))) return false;
    await store.remove(key, { snapshotter, signal });
    return true;
  } catch (error) {
    if (hasCode(error, 'not-found')) return false;
    throw error;
  }
}
