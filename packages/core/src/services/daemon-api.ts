import type { CallControl } from '../kernel/operation.js';
import type { LeaseInfo } from './leases.js';

type Labels = Readonly<Record<string, string>>;

export interface DaemonVersion {
  /** As the daemon says it: `1.7.24~ds1`. For people; features are detected, see `supports`. */
  readonly version: string;
  readonly revision: string;
}

/** A plugin of the daemon. */
export interface DaemonPlugin {
  /** Such as `io.containerd.snapshotter.v1`. */
  readonly type: string;
  readonly id: string;
  readonly platforms: readonly string[];
  readonly capabilities: readonly string[];
  /** Why it does not work, if it does not. */
  readonly error: string | undefined;
}

export interface NamespaceInfo {
  readonly name: string;
  readonly labels: Labels;
}

/** What a daemon may lack, by its line. */
export type DaemonFeature =
  /** Image transfers by the daemon itself: 1.7 and later. */
  | 'transfer'
  /** Sandboxes: 1.7 and later. */
  | 'sandboxes'
  /** Details of a plugin: 2.0 and later. */
  | 'plugin-info';

/** What every client has of the daemon itself. */
export interface DaemonAPIClient {
  version(options?: CallControl): Promise<DaemonVersion>;
  /** Resolves when the daemon serves. Throws `unavailable` otherwise. */
  health(options?: CallControl): Promise<void>;
  /** The daemon's plugins. `filters` as containerd's: `type==io.containerd.snapshotter.v1`. */
  plugins(
    options?: CallControl & { readonly filters?: readonly string[] | undefined },
  ): Promise<readonly DaemonPlugin[]>;
  /** Whether the daemon has a feature: asked, never guessed from its version. */
  supports(feature: DaemonFeature, options?: CallControl): Promise<boolean>;
  listNamespaces(options?: CallControl): Promise<readonly NamespaceInfo[]>;
  /** Throws `already-exists`. */
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
  listLeases(
    options?: CallControl & { readonly filters?: readonly string[] | undefined },
  ): Promise<readonly LeaseInfo[]>;
  /** A lease that is gone already is no error. `sync` waits for the garbage collection. */
  deleteLease(
    id: string,
    options?: CallControl & { readonly sync?: boolean | undefined },
  ): Promise<void>;
}
