import type { CallControl, MountSpec } from '@ctrd/core';
import type { CopyAPIClient } from './copy/copy-api.js';
import type { DiffAPIClient } from './diff/diff-api.js';
import type {
  MadeSnapshot,
  SnapshotInfo,
  SnapshotTree,
  SnapshotterInfo,
  SnapshotUsage,
} from './snapshot.js';

type Labels = Readonly<Record<string, string>>;

/** What every snapshot call takes. */
export interface SnapshotCall extends CallControl {
  /** Default: the client's, see `DefaultSnapshotter`. */
  readonly snapshotter?: string | undefined;
}

/** What a snapshot stands on, and what holds it. */
export interface CreateSnapshotOptions extends SnapshotCall {
  /**
   * The image whose layers it stands on; they are unpacked when they are not there yet. Only one of
   * `image` and `parent` may be given; without both it is empty.
   */
  readonly image?: string | undefined;
  /** The committed snapshot it stands on. */
  readonly parent?: string | undefined;
  readonly labels?: Labels | undefined;
  /**
   * The lease that holds it: without the lease, the daemon may collect it. Default: none; the label
   * `containerd.io/gc.root` then keeps it until it is removed, as with `ctr`.
   */
  readonly lease?: string | undefined;
  /**
   * Whether it goes with this process: `sweep()` removes it once this process is gone and no
   * container stands on it. Default: true. What `commitSnapshot` makes of it stays in any case.
   */
  readonly owned?: boolean | undefined;
  /**
   * Shows its files with other owners, for a container in a user namespace with the same map. Throws
   * `unimplemented` unless the snapshotter can do so: see `remap-ids` of {@link SnapshotterInfo}.
   */
  readonly uidMap?: readonly IdMap[] | undefined;
  /** As {@link uidMap}, for groups. Only both together. */
  readonly gidMap?: readonly IdMap[] | undefined;
}

/** A range of ids in a user namespace, and what they are outside of it. */
export interface IdMap {
  readonly containerId: number;
  readonly hostId: number;
  readonly size: number;
}

/** What a snapshot becomes. */
export interface CommitSnapshotOptions extends SnapshotCall {
  /** The name of the committed snapshot. */
  readonly name: string;
  /** Its labels; those of the active snapshot are not taken over. */
  readonly labels?: Labels | undefined;
  /** As in {@link CreateSnapshotOptions.lease}. */
  readonly lease?: string | undefined;
}

/** Whether a snapshot goes that is in use. */
export interface RemoveSnapshotOptions extends SnapshotCall {
  /** Also when a running task uses it. Default: false, which fails with `failed-precondition`. */
  readonly force?: boolean | undefined;
}

/** What is counted. */
export interface SnapshotUsageOptions extends SnapshotCall {
  /** Adds what the snapshots below it use. Default: false. */
  readonly withParents?: boolean | undefined;
}

/** Which snapshots are listed. */
export interface WalkSnapshotsOptions extends SnapshotCall {
  /** containerd filters, of which one must match: `kind==active`, `parent==…`. Default: all. */
  readonly filters?: readonly string[] | undefined;
}

/** Which labels change. */
export interface LabelSnapshotOptions extends SnapshotCall {
  /** Sets these labels and leaves others; an empty value removes the label. */
  readonly labels: Labels;
}

/** What is asked of a snapshotter. */
export interface CheckSnapshotterOptions extends CallControl {
  /**
   * Fails when another snapshotter has snapshots in this namespace: what was made there would not be
   * found after a change of the snapshotter. Default: false.
   */
  readonly alone?: boolean | undefined;
}

/** How a snapshot is mounted. */
export interface MountSnapshotOptions extends SnapshotCall {
  /** Default: false. A view is read-only in any case. */
  readonly readOnly?: boolean | undefined;
}

/** A snapshot that is mounted on a temporary folder; disposing unmounts it. */
export interface SnapshotMount extends AsyncDisposable {
  readonly path: string;
}

/** What `snapshots()` adds to a client. */
export interface SnapshotAPIClient extends CopyAPIClient, DiffAPIClient {
  /**
   * Makes an active snapshot. Throws `already-exists`, `not-found` (parent, image, snapshotter) and
   * `failed-precondition` when the image's plugin is missing. An aborted call leaves none behind.
   */
  createSnapshot(key: string, options?: CreateSnapshotOptions): Promise<MadeSnapshot>;
  /** Makes a read-only snapshot. Throws like {@link createSnapshot}. */
  viewSnapshot(key: string, options?: CreateSnapshotOptions): Promise<MadeSnapshot>;
  /** Throws `not-found`. */
  getSnapshot(key: string, options?: SnapshotCall): Promise<SnapshotInfo>;
  /** The mounts of an active snapshot or a view. Throws `not-found`, for a committed one as well. */
  getMounts(key: string, options?: SnapshotCall): Promise<readonly MountSpec[]>;
  /** What it takes on disk. Throws `not-found`. */
  getSnapshotUsage(key: string, options?: SnapshotUsageOptions): Promise<SnapshotUsage>;
  /** Changes labels, and answers the snapshot as it is then. Throws `not-found`. */
  labelSnapshot(key: string, options: LabelSnapshotOptions): Promise<SnapshotInfo>;
  /**
   * Turns an active snapshot into a committed one; its key is gone afterwards. Throws `not-found`,
   * `already-exists`, and `failed-precondition` for one that is not active.
   */
  commitSnapshot(key: string, options: CommitSnapshotOptions): Promise<void>;
  /**
   * Throws `not-found`, and `failed-precondition` when others stand on it or (unless forced) a task
   * runs on it.
   */
  removeSnapshot(key: string, options?: RemoveSnapshotOptions): Promise<void>;
  /** Lists snapshots as the daemon sends them. A filter that it cannot read fails with `unknown`. */
  walkSnapshots(options?: WalkSnapshotsOptions): AsyncIterable<SnapshotInfo>;
  /** All snapshots, by what stands on what; the roots first made come first. */
  snapshotTree(options?: SnapshotCall): Promise<readonly SnapshotTree[]>;
  /**
   * Lets the snapshotter remove what is left of removed snapshots. Throws `unimplemented` when it
   * has no such step: neither overlayfs nor native has one that the service reaches.
   */
  cleanupSnapshots(options?: SnapshotCall): Promise<void>;
  /**
   * What the daemon says of a snapshotter. Throws `not-found`, naming those there are, and
   * `failed-precondition` for one that does not work or, when asked, is not alone.
   */
  checkSnapshotter(name: string, options?: CheckSnapshotterOptions): Promise<SnapshotterInfo>;
  /**
   * Mounts a snapshot on a temporary folder until the result is disposed. Needs root, and the
   * daemon's disk. A snapshot that is mounted already, by a running container, is shown once more.
   * What a killed process left mounted is found by `sweep()`.
   */
  mountSnapshot(key: string, options?: MountSnapshotOptions): Promise<SnapshotMount>;
  /**
   * Runs `use` while a snapshot's content is mounted at `path`, and unmounts it whatever happens.
   *
   * ```ts
   * const passwd = await client.withMounts('job-1', (path) => readFile(`${path}/etc/passwd`, 'utf8'));
   * ```
   */
  withMounts<T>(
    key: string,
    use: (path: string) => Promise<T>,
    options?: MountSnapshotOptions,
  ): Promise<T>;
}
