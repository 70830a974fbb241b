import type { MountSpec } from '@ctrd/core';

/** `active` can be written to, `view` only read, `committed` is the base of others. */
export type SnapshotKind = 'active' | 'view' | 'committed';

/** A snapshot as the daemon lists it. */
export interface SnapshotInfo {
  /** Its key (active, view) or name (committed). */
  readonly key: string;
  /** The committed snapshot below it; empty at the bottom. */
  readonly parent: string;
  readonly kind: SnapshotKind;
  readonly snapshotter: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a snapshot takes of the disk. */
export interface SnapshotUsage {
  /** Bytes on disk. */
  readonly size: number;
  readonly inodes: number;
}

/** A snapshot with what stands on it. */
export interface SnapshotTree {
  readonly snapshot: SnapshotInfo;
  readonly children: readonly SnapshotTree[];
}

/** A snapshot that was just made, with the mounts that show its content. */
export interface MadeSnapshot {
  readonly key: string;
  readonly snapshotter: string;
  readonly mounts: readonly MountSpec[];
}

/** What a snapshotter of the daemon says of itself. */
export interface SnapshotterInfo {
  readonly name: string;
  /** Such as `linux/amd64`. */
  readonly platforms: readonly string[];
  /** Such as `remap-ids`; none on containerd 1.6 and 1.7. */
  readonly capabilities: readonly string[];
}
