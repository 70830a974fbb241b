// What `--output json` prints: stable from version to version. Fields may come, none go or change.
import type { PortMapping } from './foreign.js';

type Labels = Readonly<Record<string, string>>;

// #region container
/** A row of `ctrd ps`. */
export interface ContainerRow {
  readonly id: string;
  /** What its tool calls it; the id when nothing does. */
  readonly name: string;
  /** Empty for one without an image. */
  readonly image: string;
  readonly command: readonly string[];
  /** `created`, `running`, `paused`, `pausing`, `stopped`, `none` (no process) or `unknown`. */
  readonly state: string;
  /** For people: `running`, `exited (1) 3 minutes ago`. */
  readonly status: string;
  /** 0 when nothing runs. */
  readonly pid: number;
  /** How it ended, if it has and somebody knows. */
  readonly exitCode: number | undefined;
  readonly exitedAt: Date | undefined;
  readonly createdAt: Date;
  readonly ports: readonly PortMapping[];
  readonly labels: Labels;
  readonly runtime: string;
  readonly snapshotter: string;
}
// #endregion container

// #region change
/** A row of `ctrd diff`. */
export interface ChangeRow {
  /** Added, changed or deleted since the image. */
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
}
// #endregion change

// #region process
/** A row of `ctrd top`. */
export interface ProcessRow {
  readonly pid: number;
  /** Of a process that `exec` started; empty for others. */
  readonly execId: string;
  readonly user: string;
  /** Seconds of CPU time so far. */
  readonly cpuSeconds: number;
  /** Bytes of memory. */
  readonly memory: number;
  readonly command: string;
}
// #endregion process

// #region stats
/** A row of `ctrd stats`. */
export interface StatsRow {
  readonly id: string;
  readonly name: string;
  /** Of one CPU, since the look before; undefined at the first. */
  readonly cpuPercent: number | undefined;
  /** Seconds of CPU time so far. */
  readonly cpuSeconds: number;
  /** Bytes, without the page cache that can go at once. */
  readonly memory: number;
  /** Bytes; undefined for no limit. */
  readonly memoryLimit: number | undefined;
  readonly pids: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}
// #endregion stats

// #region image
/** A row of `ctrd images`. */
export interface ImageRow {
  readonly name: string;
  /** Of what the name means: an index or a manifest. */
  readonly digest: string;
  /** The config's digest; undefined, as all below, when parts of the image are not here. */
  readonly id: string | undefined;
  readonly platform: string | undefined;
  /** Bytes as stored: mostly compressed. */
  readonly size: number | undefined;
  /** When the image was made. */
  readonly created: string | undefined;
  /** When it came here. */
  readonly addedAt: Date;
  readonly labels: Labels;
}

/** A row of `ctrd history`, the newest first. */
export interface HistoryRow {
  readonly created: string | undefined;
  readonly createdBy: string;
  readonly author: string | undefined;
  readonly comment: string | undefined;
  /** The digest of the layer that the step made, and its bytes; undefined when it made none. */
  readonly layer: string | undefined;
  readonly size: number | undefined;
}
// #endregion image

// #region snapshot
/** A row of `ctrd snapshot ls`. */
export interface SnapshotRow {
  readonly key: string;
  readonly parent: string;
  readonly kind: string;
  readonly snapshotter: string;
  readonly createdAt: Date;
  readonly labels: Labels;
}
// #endregion snapshot

// #region daemon
/** `ctrd version`. */
export interface VersionShape {
  readonly ctrd: string;
  readonly containerd: string;
  readonly revision: string;
}

/** A row of `ctrd plugins`. */
export interface PluginRow {
  readonly type: string;
  readonly id: string;
  readonly platforms: readonly string[];
  readonly capabilities: readonly string[];
  /** Why it does not work; undefined when it does. */
  readonly error: string | undefined;
}

/** A line of `ctrd events`: one JSON object a line. */
export interface EventLine {
  readonly timestamp: Date;
  readonly namespace: string;
  readonly topic: string;
  readonly type: string;
  readonly payload: unknown;
}

/** Between them, when the connection was lost for a time: what happened in it is not told. */
export interface EventGapLine {
  readonly gap: { readonly from: Date; readonly to: Date };
}

/** A row of `ctrd namespace ls`. */
export interface NamespaceRow {
  readonly name: string;
  readonly labels: Labels;
}

/** A row of `ctrd lease ls`. */
export interface LeaseRow {
  readonly id: string;
  readonly createdAt: Date;
  /** When the daemon lets go of what it holds; undefined for never. */
  readonly expiresAt: Date | undefined;
  readonly labels: Labels;
}
// #endregion daemon

// #region private-daemon
/** `ctrd daemon status`. */
export interface DaemonShape {
  readonly address: string;
  readonly root: string;
  readonly version: string;
  /** Undefined when the daemon does not say (before 1.6.39 and 1.7). */
  readonly pid: number | undefined;
  readonly log: string;
}
// #endregion private-daemon

// #region care
/** A row of `ctrd doctor`, and of `removed` and `kept` of `ctrd sweep`. */
export interface FindingRow {
  /** Such as `lease`, `snapshot`, `mount`, `ingest`. */
  readonly kind: string;
  readonly id: string;
  readonly owner: string | undefined;
  readonly ownerState: 'dead' | 'unknown' | 'none';
  /** Why nobody seems to need it. */
  readonly why: string;
  readonly since: Date | undefined;
}
// #endregion care

// #region content
/** A row of `ctrd content ls`. */
export interface BlobRow {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly createdAt: Date;
  readonly labels: Labels;
}
// #endregion content
