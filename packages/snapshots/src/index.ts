export { snapshots } from './plugin.js';
export type {
  MadeSnapshot,
  SnapshotInfo,
  SnapshotKind,
  SnapshotTree,
  SnapshotterInfo,
  SnapshotUsage,
} from './snapshot.js';
export {
  type CommitSnapshotOptions,
  type CreateSnapshotOptions,
  type LabelSnapshotOptions,
  type MountSnapshotOptions,
  type RemoveSnapshotOptions,
  type SnapshotAPIClient,
  type SnapshotCall,
  type SnapshotMount,
  type SnapshotUsageOptions,
  type WalkSnapshotsOptions,
  withMounts,
} from './snapshot-api.js';
