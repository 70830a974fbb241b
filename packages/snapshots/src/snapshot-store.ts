import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type Info, Kind, Snapshots } from '@ctrd/api/services/snapshots/v1';
import { hasCode, type MountSpec, type Rpc, type ServiceClient } from '@ctrd/core';
import { makeOrUndo } from './make-or-undo.js';
import type { SnapshotInfo, SnapshotKind, SnapshotUsage } from './snapshot.js';
import { findSnapshotter } from './snapshotter.js';

type Labels = Readonly<Record<string, string>>;

/** Where a call goes: which snapshotter, under which lease. */
export interface StorePlace {
  readonly snapshotter: string;
  readonly signal: AbortSignal;
  readonly lease?: string | undefined;
}

/** The daemon's snapshot service in the terms of this package; one RPC a method. */
export interface SnapshotStore {
  /** As `view`: when it is aborted, no snapshot is left behind. */
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
  type Calls = ServiceClient<typeof Snapshots>;

  /** Tells a snapshotter that is not there from other bad input; the daemon does not. */
  async function explain(error: unknown, { snapshotter, signal }: StorePlace): Promise<unknown> {
    if (!hasCode(error, 'invalid-argument')) return error;
    return await findSnapshotter(rpc, snapshotter, signal).then(
      () => error,
      (missing: unknown) => missing,
    );
  }

  async function ask<T>(place: StorePlace, call: (calls: Calls) => Promise<T>): Promise<T> {
    try {
      return await call(rpc.client(Snapshots, { lease: place.lease }));
    } catch (error) {
      throw await explain(error, place);
    }
  }

  const made = (
    key: string,
    place: StorePlace,
    make: (calls: Calls, place: StorePlace) => Promise<{ mounts: readonly MountSpec[] }>,
  ): Promise<MountSpec[]> =>
    makeOrUndo(
      place.signal,
      async (signal) => {
        const { mounts } = await ask(place, (calls) => make(calls, { ...place, signal }));
        return mounts.map(mountSpec);
      },
      async (signal) => {
        const { snapshotter } = place;
        await rpc.client(Snapshots).remove({ snapshotter, key }, { signal });
      },
    );

  return {
    prepare: (key, parent, labels, place) =>
      made(key, place, (calls, { snapshotter, signal }) =>
        calls.prepare({ snapshotter, key, parent, labels }, { signal }),
      ),
    view: (key, parent, labels, place) =>
      made(key, place, (calls, { snapshotter, signal }) =>
        calls.view({ snapshotter, key, parent, labels }, { signal }),
      ),
    async mounts(key, place) {
      const { snapshotter, signal } = place;
      const { mounts } = await ask(place, (calls) =>
        calls.mounts({ snapshotter, key }, { signal }),
      );
      return mounts.map(mountSpec);
    },
    async commit(name, key, labels, place) {
      const { snapshotter, signal } = place;
      await ask(place, (calls) => calls.commit({ snapshotter, name, key, labels }, { signal }));
    },
    async stat(key, place) {
      const { snapshotter, signal } = place;
      const { info } = await ask(place, (calls) => calls.stat({ snapshotter, key }, { signal }));
      return snapshotInfo(info, snapshotter);
    },
    async label(key, labels, place) {
      const { snapshotter, signal } = place;
      const paths = Object.keys(labels).map((label) => `labels.${label}`);
      const request = { snapshotter, info: { name: key, labels }, updateMask: { paths } };
      const { info } = await ask(place, (calls) => calls.update(request, { signal }));
      return snapshotInfo(info, snapshotter);
    },
    async usage(key, place) {
      const { snapshotter, signal } = place;
      const usage = await ask(place, (calls) => calls.usage({ snapshotter, key }, { signal }));
      return { size: Number(usage.size), inodes: Number(usage.inodes) };
    },
    async remove(key, place) {
      const { snapshotter, signal } = place;
      await ask(place, (calls) => calls.remove({ snapshotter, key }, { signal }));
    },
    async *list(filters, place) {
      const { snapshotter, signal } = place;
      const calls = rpc.client(Snapshots);
      try {
        for await (const { info } of calls.list({ snapshotter, filters: [...filters] }, { signal }))
          for (const each of info) yield snapshotInfo(each, snapshotter);
      } catch (error) {
        throw await explain(error, place);
      }
    },
    async cleanup(place) {
      const { snapshotter, signal } = place;
      await ask(place, (calls) => calls.cleanup({ snapshotter }, { signal }));
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
