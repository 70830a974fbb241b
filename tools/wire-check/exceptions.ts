import type { Line } from './originals.js';

/** A package, message, field, ... of the originals that our files leave out. */
export interface LeftOut {
  /** Full name; it covers everything in it. What our files do declare is compared all the same. */
  readonly path: string;
  readonly lines: readonly Line[];
  readonly reason: string;
}

/** A type that stands under another name in some lines; its contents are compared all the same. */
export interface Moved {
  readonly from: string;
  readonly to: string;
  readonly lines: readonly Line[];
  readonly reason: string;
}

/** Something of ours that none of the lines at hand declares. */
export interface Ahead {
  /** Full name; it covers everything in it. */
  readonly path: string;
  readonly reason: string;
}

export const leftOut: readonly LeftOut[] = [
  {
    path: 'containerd.runc.v1.Options.criu_path',
    lines: ['1.6', '1.7'],
    reason: 'Deprecated in 1.7 and removed in 2.0; its number and name are reserved here.',
  },
  {
    path: 'containerd.services.events.ttrpc.v1',
    lines: ['1.6', '1.7', '2.1'],
    reason: 'How shims report events to the daemon, on a socket of their own.',
  },
  {
    path: 'containerd.runtime.sandbox.v1',
    lines: ['1.7', '2.1'],
    reason: 'Between the daemon and the shim of a sandbox; a client asks the sandbox controller.',
  },
  {
    path: 'containerd.linux.runc',
    lines: ['1.6', '1.7'],
    reason: 'Options of the runtime v1, which 2.0 removed.',
  },
  {
    path: 'containerd.runtime.linux.shim.v1',
    lines: ['1.6', '1.7'],
    reason: 'The shim of the runtime v1, which 2.0 removed.',
  },
  {
    path: 'runtime.v1alpha2',
    lines: ['1.7'],
    reason: 'A copy of an API of Kubernetes, which 2.0 removed.',
  },
];

export const moved: readonly Moved[] = [
  {
    from: 'containerd.services.events.v1.Envelope',
    to: 'containerd.types.Envelope',
    lines: ['1.6', '1.7'],
    reason: 'Moved in 2.0 with the same fields; a message carries no name of its own on the wire.',
  },
];

export const ahead: readonly Ahead[] = [
  { path: 'containerd.services.mounts.v1', reason: 'Since 2.2.' },
  { path: 'containerd.types.ActiveMount', reason: 'Since 2.2, for the mounts service.' },
  { path: 'containerd.types.ActivationInfo', reason: 'Since 2.2, for the mounts service.' },
  { path: 'containerd.services.snapshots.v1.CommitSnapshotRequest.parent', reason: 'Since 2.2.' },
  { path: 'containerd.services.sandbox.v1.ControllerStartResponse.spec', reason: 'Since 2.3.' },
  { path: 'containerd.services.tasks.v1.CreateTaskRequest.task_api_address', reason: 'Since 2.3.' },
  { path: 'containerd.services.tasks.v1.CreateTaskRequest.task_api_version', reason: 'Since 2.3.' },
  { path: 'containerd.types.Platform.os_features', reason: 'Since 2.3.' },
  { path: 'containerd.types.transfer.ContainerPath', reason: 'Since 2.3.' },
  { path: 'containerd.types.transfer.ReadStream', reason: 'Since 2.3.' },
  { path: 'containerd.types.transfer.WriteStream', reason: 'Since 2.3.' },
  { path: 'ttrpc', reason: 'A protocol of its own, whose package is not among the originals.' },
  { path: 'grpc.health.v1', reason: 'An API of gRPC, not of containerd, whose packages lack it.' },
];
