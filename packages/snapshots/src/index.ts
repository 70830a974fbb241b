export type { CopyAPIClient, CopyPlace, CopyToOptions } from './copy/copy-api.js';
export type {
  ApplyDiffOptions,
  DiffAPIClient,
  DiffSnapshotOptions,
  Layer,
} from './diff/diff-api.js';
export { snapshots } from './plugin.js';
export type {
  MadeSnapshot,
  SnapshotInfo,
  SnapshotKind,
  SnapshotTree,
  SnapshotterInfo,
  SnapshotUsage,
} from './snapshot.js';
export type {
  CheckSnapshotterOptions,
  CommitSnapshotOptions,
  CreateSnapshotOptions,
  IdMap,
  LabelSnapshotOptions,
  MountSnapshotOptions,
  RemoveSnapshotOptions,
  SnapshotAPIClient,
  SnapshotCall,
  SnapshotMount,
  SnapshotUsageOptions,
  WalkSnapshotsOptions,
} from './snapshot-api.js';
