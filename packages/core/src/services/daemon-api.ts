import type { CallControl } from '../kernel/operation.js';
import type { Lease, LeaseInfo, LeaseResource } from './leases.js';

type Labels = Readonly<Record<string, string>>;

/** Filters in containerd's grammar, of which one must match. None: everything. */
export interface Filtered extends CallControl {
  readonly filters?: readonly string[] | undefined;
}

/** Which containerd it is. */
export interface DaemonVersion {
  /** As the daemon says it: `1.7.24~ds1`. For people; features are detected, see `supports`. */
  readonly version: string;
  readonly revision: string;
}

/** A daemon, told from others. */
export interface DaemonInfo {
  /** The same after a restart, different after its root was removed. */
  readonly uuid: string;
  /** Undefined when the daemon does not say (before 1.6.39 and 1.7). */
  readonly pid: number | undefined;
  /** What of its configuration goes away with a later version. Empty before 1.6.39. */
  readonly deprecations: readonly DaemonDeprecation[];
}

/** Something of the daemon's configuration that a later version will not take. */
export interface DaemonDeprecation {
  readonly id: string;
  readonly message: string;
  readonly lastOccurrence: Date | undefined;
}

/** A plugin of the daemon. */
export interface DaemonPlugin {
  /** Such as `io.containerd.snapshotter.v1`. */
  readonly type: string;
  readonly id: string;
  /** Such as `linux/amd64`, `linux/arm64/v8`. */
  readonly platforms: readonly string[];
  readonly capabilities: readonly string[];
  /** What it tells of itself, such as its `root`. */
  readonly exports: Readonly<Record<string, string>>;
  /** Why it does not work, if it does not. */
  readonly error: string | undefined;
}

/** A namespace: containers, images, content and snapshots of one do not show in another. */
export interface NamespaceInfo {
  readonly name: string;
  readonly labels: Labels;
}

/** What a lease is made with. */
export interface CreateLeaseOptions extends CallControl {
  /** Default: a new one. */
  readonly id?: string | undefined;
  readonly labels?: Labels | undefined;
  /** Milliseconds until the daemon lets go of what it holds. Default: 24 hours. */
  readonly expiresInMs?: number | undefined;
}

/** What a lease that is renewed is made with. */
export interface HoldLeaseOptions extends CallControl {
  readonly labels?: Labels | undefined;
  /**
   * Milliseconds for which it outlives its last renewal, should this process die. It is renewed four
   * times as often; a single call under it must not take more than half of it. Default: one hour.
   */
  readonly expiresInMs?: number | undefined;
}

/** What a daemon may lack, by its line. */
export type DaemonFeature =
  /** Image transfers by the daemon itself: 1.7 and later. */
  | 'transfer'
  /** Sandboxes: 1.7 and later. */
  | 'sandboxes'
  /** Details of a plugin: 2.0 and later. */
  | 'plugin-info'
  /** Mounts that the daemon makes: 2.2 and later. */
  | 'mounts';

/** What every client has of the daemon itself. */
export interface DaemonAPIClient {
  /** The daemon's version. */
  version(options?: CallControl): Promise<DaemonVersion>;
  /** Which daemon it is: the same after a restart. */
  server(options?: CallControl): Promise<DaemonInfo>;
  /** Resolves when the daemon serves. Throws `unavailable` otherwise. */
  health(options?: CallControl): Promise<void>;
  /** The daemon's plugins. `filters` such as `type==io.containerd.snapshotter.v1`. */
  plugins(options?: Filtered): Promise<readonly DaemonPlugin[]>;
  /**
   * Whether the daemon has a feature: asked, never guessed from its version. Asked once a client.
   * Throws `invalid-argument` for what is no feature.
   */
  supports(feature: DaemonFeature, options?: CallControl): Promise<boolean>;
  /** All namespaces that something was ever made in. */
  listNamespaces(options?: CallControl): Promise<readonly NamespaceInfo[]>;
  /** Throws `not-found`. */
  getNamespace(name: string, options?: CallControl): Promise<NamespaceInfo>;
  /** The first write in a namespace makes it as well. Throws `already-exists`. */
  createNamespace(
    name: string,
    options?: CallControl & { readonly labels?: Labels | undefined },
  ): Promise<NamespaceInfo>;
  /** Sets these labels and leaves others; an empty value removes the label. Throws `not-found`. */
  labelNamespace(
    name: string,
    options: CallControl & { readonly labels: Labels },
  ): Promise<NamespaceInfo>;
  /** Throws `not-found`, and `failed-precondition` when it is not empty. */
  deleteNamespace(name: string, options?: CallControl): Promise<void>;
  /**
   * Removes everything in a namespace, whosever it is, and the namespace: kills its tasks, then
   * removes containers, images, leases, snapshots of every snapshotter and content. Throws
   * `not-found`, and `failed-precondition` (reason `not-empty`), naming what could not be removed
   * when all the rest is gone.
   */
  purgeNamespace(name: string, options?: CallControl): Promise<void>;
  /**
   * Makes a lease that lives until it is deleted or expires, and answers its id. Throws
   * `already-exists`. Within a program, `Leases.create` makes one that ends with its scope.
   */
  createLease(options?: CreateLeaseOptions): Promise<string>;
  /**
   * Makes a lease that is renewed as long as it is held, and deleted when it is disposed. Its `id`
   * changes with each renewal; it throws `lost` when the lease could not be renewed in time.
   *
   * ```ts
   * await using lease = await client.holdLease();
   * await client.createSnapshot('draft', { lease: lease.id });
   * ```
   */
  holdLease(options?: HoldLeaseOptions): Promise<Lease>;
  /** `filters` such as `id==l1`, `labels.owner==me`. */
  listLeases(options?: Filtered): Promise<readonly LeaseInfo[]>;
  /** A lease that is gone already is no error. `sync` waits for the garbage collection. */
  deleteLease(
    id: string,
    options?: CallControl & { readonly sync?: boolean | undefined },
  ): Promise<void>;
  /** What a lease holds. Throws `not-found`. */
  listLeaseResources(id: string, options?: CallControl): Promise<readonly LeaseResource[]>;
  /** Makes a lease hold one more thing. Throws `not-found`. */
  addLeaseResource(
    id: string,
    options: CallControl & { readonly resource: LeaseResource },
  ): Promise<void>;
}
