import type {
  DefaultSnapshotter,
  Hooks,
  ImageSource,
  Leases,
  Owner,
  Report,
  Rpc,
  SnapshotSource,
} from '@ctrd/core';
import type { ExitJournal } from '../exits/exit-journal.js';
import type { ExitWatcher } from '../exits/exit-watcher.js';
import type { Shims } from '../shim/shims.js';
import type { SpecChange } from '../spec/index.js';
import type { ExecStarts } from './exec-starts.js';
import type { Locks } from './locks.js';
import type { Registry } from './registry.js';

/** What every operation on containers works with. */
export interface ContainerParts {
  readonly rpc: Rpc;
  /** The same daemon, for clean-ups: see {@link patientRpc}. */
  readonly patient: Rpc;
  readonly leases: Leases;
  readonly owner: Owner;
  readonly hooks: Hooks;
  readonly report: Report;
  readonly closing: AbortSignal;
  readonly runtimeDir: string;
  readonly defaultSnapshotter: DefaultSnapshotter;
  readonly exits: ExitWatcher;
  readonly journal: ExitJournal;
  readonly shims: Shims;
  /** Throws an error that names the package when nobody provides them. */
  readonly images: () => ImageSource;
  readonly snapshots: () => SnapshotSource;
  readonly locks: Locks;
  readonly execStarts: ExecStarts;
  readonly registry: Registry;
  /** The host's changes of every container's spec. */
  readonly specDefaults: SpecChange;
}
