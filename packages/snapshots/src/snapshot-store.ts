import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type Info, Kind, Snapshots } from '@ctrd/api/services/snapshots/v1';
import type { MountSpec, Rpc } from '@ctrd/core';
import type { SnapshotInfo, SnapshotKind, SnapshotUsage } from './snapshot.js';

type Labels = Readonly<Record<string, string>>;

/** Where a call goes: which snapshotter, under which lease. */
export interface StorePlace {
  readonly snapshotter: string;
  readonly signal: AbortSignal;
  readonly lease?: string | undefined;
}

/** The daemon's snapshot service in the terms of this package; one RPC a method. */
export interface SnapshotStore {
  prepare(key: string, parent: string, labels: Labels, place: StorePlace): Promise<MountSpec[]>;
  view(key: string, parent: string, labels: Labels, place: StorePlace): Promise<MountSpec[]>;
  mounts(key: string, place: StorePlace): Promise<MountSpec[]>;
  commit(name: string, key: string, labels: Labels, place: StorePlace): Promise<void>;
  stat(key: string, place: StorePlace): Promise<SnapshotInfo>;
  label(key: string, labels: Labels, place: StorePlace): Promise<SnapshotInfo>;
  usage(key: string, place: StorePlace): Promise<SnapshotUsage>;
  remove(key: string, place: StorePlace): Promise<void>;
  list(filters: readonly string[], place: StorePlace): AsyncIterable<SnapshotInfo>;
  cleanup(place: StorePlace): Promise<void>;
}

export function createSnapshotStore(rpc: Rpc): SnapshotStore {
  const calls = ({ lease }: StorePlace) => rpc.client(Snapshots, { lease });
  return {
    async prepare(key, parent, labels, place) {
      const { snapshotter, signal } = place;
      const answer = await calls(place).prepare({ snapshotter, key, parent, labels }, { signal });
      return answer.mounts.map(mountSpec);
    },
    async view(key, parent, labels, place) {
      const { snapshotter, signal } = place;
      const answer = await calls(place).view({ snapshotter, key, parent, labels }, { signal });
      return answer.mounts.map(mountSpec);
    },
    async mounts(key, place) {
      const { snapshotter, signal } = place;
      const answer = await calls(place).mounts({ snapshotter, key }, { signal });
      return answer.mounts.map(mountSpec);
    },
    async commit(name, key, labels, place) {
      const { snapshotter, signal } = place;
      await calls(place).commit({ snapshotter, name, key, labels }, { signal });
    },
    async stat(key, place) {
      const { snapshotter, signal } = place;
      const { info } = await calls(place).stat({ snapshotter, key }, { signal });
      return snapshotInfo(info, snapshotter);
    },
    async label(key, labels, place) {
      const { snapshotter, signal } = place;
      const { info } = await calls(place).update(
        {
          snapshotter,
          info: { name: key, labels },
          updateMask: { paths: Object.keys(labels).map((label) => `labels.${label}`) },
        },
        { signal },
      );
      return snapshotInfo(info, snapshotter);
    },
    async usage(key, place) {
      const { snapshotter, signal } = place;
      const { size, inodes } = await calls(place).usage({ snapshotter, key }, { signal });
      return { size: Number(size), inodes: Number(inodes) };
    },
    async remove(key, place) {
      const { snapshotter, signal } = place;
      await calls(place).remove({ snapshotter, key }, { signal });
    },
    async *list(filters, place) {
      const { snapshotter, signal } = place;
      const pages = calls(place).list({ snapshotter, filters: [...filters] }, { signal });
      for await (const page of pages) {
        for (const info of page.info) yield snapshotInfo(info, snapshotter);
      }
    },
    async cleanup(place) {
      const { snapshotter, signal } = place;
      await calls(place).cleanup({ snapshotter }, { signal });
    },
  };
}

function snapshotInfo(info: Info | undefined, snapshotter: string): SnapshotInfo {
  return {
    key: info?.name ?? '',
    parent: info?.parent ?? '',
    kind: kindOf(info?.kind),
    snapshotter,
    createdAt: info?.createdAt ? timestampDate(info.createdAt) : new Date(0),
    updatedAt: info?.updatedAt ? timestampDate(info.updatedAt) : new Date(0),
    labels: { ...info?.labels },
  };
}

function kindOf(kind: Kind | undefined): SnapshotKind {
  if (kind === Kind.COMMITTED) return 'committed';
  return kind === Kind.VIEW ? 'view' : 'active';
}

function mountSpec({ type, source, target, options }: MountSpec): MountSpec {
  return { type, source, target, options: [...options] };
}
