import {
  type Lease,
  type MountSpec,
  type ResolvedImage,
  type Rollback,
  type Running,
  uninterrupted,
} from '@ctrd/core';
import type { ContainerOptions } from '../container-options.js';
import type { ContainerParts } from './parts.js';

/** Where a container's files come from. */
export interface Root {
  readonly image: ResolvedImage | undefined;
  readonly snapshotter: string;
  readonly snapshotKey: string;
  readonly mounts: readonly MountSpec[];
}

/** Finds or makes them. */
export async function makeRoot(
  parts: ContainerParts,
  options: Running<ContainerOptions>,
  lease: Lease | undefined,
  rollback: Rollback,
): Promise<Root> {
  const { id, image, snapshot, signal } = options;
  if (image === undefined && snapshot === undefined) {
    return { image: undefined, snapshotter: '', snapshotKey: '', mounts: [] };
  }
  const snapshotter = options.snapshotter ?? (await parts.defaultSnapshotter.name({ signal }));
  const snapshots = parts.snapshots();
  if (snapshot !== undefined) {
    const mounts = await snapshots.mounts(snapshot, { snapshotter, signal });
    return { image: undefined, snapshotter, snapshotKey: snapshot, mounts };
  }
  const resolved = await parts.images().resolve(image ?? '', { signal });
  const place = { snapshotter, signal, lease: lease?.id };
  const mounts = await uninterrupted(signal, () => snapshots.fromImage(id, resolved, place));
  rollback.add('snapshot', (limit) => snapshots.remove(id, { snapshotter, signal: limit }));
  return { image: resolved, snapshotter, snapshotKey: id, mounts };
}
