import {
  CtrdError,
  checkLabels,
  type DefaultSnapshotter,
  type ImageSource,
  invalidArgument,
  type MountSpec,
  type OperationsOf,
  type Owner,
  onOptions,
  onSubject,
  ownerLabel,
  type Rpc,
  type Running,
  sequence,
} from '@ctrd/core';
import { copyOperations } from './copy/copy-operations.js';
import { diffOperations } from './diff/diff-operations.js';
import { checkIdMaps, idMapLabels, refuseMapped } from './id-maps.js';
import { refuseInUse } from './in-use.js';
import { mountTemporarily } from './mount/mount-folder.js';
import type { MadeSnapshot, SnapshotInfo } from './snapshot.js';
import type {
  CheckSnapshotterOptions,
  CommitSnapshotOptions,
  CreateSnapshotOptions,
  LabelSnapshotOptions,
  MountSnapshotOptions,
  RemoveSnapshotOptions,
  SnapshotAPIClient,
  SnapshotCall,
  SnapshotUsageOptions,
  WalkSnapshotsOptions,
} from './snapshot-api.js';
import { imagesOf, onImage } from './snapshot-source.js';
import type { SnapshotStore, StorePlace } from './snapshot-store.js';
import { snapshotTree } from './snapshot-tree.js';
import { findSnapshotter, refuseOthers } from './snapshotter.js';
import { checkFilters, checkKey, checkNew, checkSnapshotterName } from './validate.js';

/** What the operations work with. */
export interface SnapshotParts {
  readonly rpc: Rpc;
  readonly store: SnapshotStore;
  readonly images: () => ImageSource | undefined;
  readonly defaultSnapshotter: DefaultSnapshotter;
  readonly owner: Owner;
  /** Where snapshots are mounted. */
  readonly mountFolder: string;
}

/** The methods of `SnapshotAPIClient`. */
export function snapshotOperations(
  parts: SnapshotParts,
): OperationsOf<Omit<SnapshotAPIClient, 'withMounts'>> {
  const { rpc, store } = parts;

  async function place({ snapshotter, signal }: Running<SnapshotCall>): Promise<StorePlace> {
    if (snapshotter === undefined) {
      return { snapshotter: await parts.defaultSnapshotter.name({ signal }), signal };
    }
    checkSnapshotterName(snapshotter);
    return { snapshotter, signal };
  }

  const make =
    (kind: 'prepare' | 'view') =>
    async (key: string, options: Running<CreateSnapshotOptions>): Promise<MadeSnapshot> => {
      const { image, parent = '', lease } = options;
      checkKey(key);
      checkNew(options);
      checkIdMaps(options);
      const at = { ...(await place(options)), lease };
      const labels = { ...kept(options), ...owned(options), ...(await idMaps(options, at)) };
      const mounts = await (image === undefined
        ? store[kind](key, parent, labels, at)
        : onImageNamed(image, at, (id) => store[kind](key, id, labels, at)));
      return { key, snapshotter: at.snapshotter, mounts };
    };

  async function onImageNamed(
    reference: string,
    at: StorePlace,
    make: (chainId: string) => Promise<readonly MountSpec[]>,
  ) {
    const images = imagesOf(parts.images(), reference);
    const image = await images.resolve(reference, { signal: at.signal });
    return await onImage(images, image, at, make);
  }

  async function idMaps(
    options: Running<CreateSnapshotOptions>,
    { snapshotter, signal }: StorePlace,
  ) {
    if (options.uidMap === undefined && options.gidMap === undefined) return {};
    return idMapLabels(options, await findSnapshotter(rpc, snapshotter, signal));
  }

  async function mount(key: string, options: Running<MountSnapshotOptions>) {
    checkKey(key);
    const { readOnly = false, signal } = options;
    const mounts = await store.mounts(key, await place(options));
    refuseMapped(mounts);
    const { mountFolder, owner } = parts;
    return await mountTemporarily(mountFolder, mounts, { owner, readOnly, signal });
  }

  const owned = ({ owned: wanted = true }: Running<CreateSnapshotOptions>) =>
    wanted ? { [ownerLabel]: parts.owner.id } : {};

  return {
    createSnapshot: onSubject<CreateSnapshotOptions, MadeSnapshot>(make('prepare')),
    viewSnapshot: onSubject<CreateSnapshotOptions, MadeSnapshot>(make('view')),
    getSnapshot: onSubject<SnapshotCall, SnapshotInfo>(async (key, options) => {
      checkKey(key);
      return await store.stat(key, await place(options));
    }),
    getMounts: onSubject<SnapshotCall, readonly MountSpec[]>(async (key, options) => {
      checkKey(key);
      return await store.mounts(key, await place(options));
    }),
    getSnapshotUsage: onSubject(async (key, options: Running<SnapshotUsageOptions>) => {
      checkKey(key);
      const at = await place(options);
      let { size, inodes } = await store.usage(key, at);
      if (options.withParents === true) {
        for (let next = (await store.stat(key, at)).parent; next !== ''; ) {
          const below = await store.usage(next, at);
          size += below.size;
          inodes += below.inodes;
          next = (await store.stat(next, at)).parent;
        }
      }
      return { size, inodes };
    }),
    labelSnapshot: onSubject<LabelSnapshotOptions, SnapshotInfo>(async (key, options) => {
      checkKey(key);
      checkLabels('labels', options.labels);
      if (Object.keys(options.labels).length === 0) {
        throw invalidArgument('labels', 'name at least one label');
      }
      return await store.label(key, options.labels, await place(options));
    }),
    commitSnapshot: onSubject<CommitSnapshotOptions, void>(async (key, options) => {
      checkKey(key);
      checkKey(options.name, 'name');
      checkNew(options);
      const at = { ...(await place(options)), lease: options.lease };
      const { kind } = await store.stat(key, at);
      if (kind !== 'active') {
        // The native snapshotter would fail in the middle.
        throw new CtrdError(`is not active: ${kind}`, { code: 'failed-precondition' });
      }
      await store.commit(options.name, key, kept(options), at);
    }),
    removeSnapshot: onSubject<RemoveSnapshotOptions, void>(async (key, options) => {
      checkKey(key);
      const at = await place(options);
      if (options.force !== true) await refuseInUse(rpc, key, at);
      await store.remove(key, at);
    }),
    walkSnapshots: sequence<WalkSnapshotsOptions, SnapshotInfo>(async function* (options) {
      const { filters = [] } = options;
      checkFilters(filters);
      yield* store.list(filters, await place(options));
    }),
    snapshotTree: onOptions(async (options: Running<SnapshotCall>) => {
      const all: SnapshotInfo[] = [];
      for await (const snapshot of store.list([], await place(options))) all.push(snapshot);
      return snapshotTree(all);
    }),
    cleanupSnapshots: onOptions<SnapshotCall, void>(async (options) => {
      await store.cleanup(await place(options));
    }),
    checkSnapshotter: onSubject(async (name, options: Running<CheckSnapshotterOptions>) => {
      checkSnapshotterName(name);
      const { alone = false, signal } = options;
      const found = await findSnapshotter(rpc, name, signal);
      if (alone) await refuseOthers(rpc, store, name, signal);
      return found;
    }),
    mountSnapshot: onSubject(mount),
    ...diffOperations(parts, place),
    ...copyOperations(rpc, mount),
  };
}

/** Without a lease nothing refers to a new snapshot: it is made a root, as `ctr` does. */
function kept({ lease, labels = {} }: Pick<CreateSnapshotOptions, 'lease' | 'labels'>) {
  if (lease !== undefined) return labels;
  return { 'containerd.io/gc.root': new Date().toISOString(), ...labels };
}
