import type { CallControl } from '@ctrd/core';
import type { StdioOption } from './io/stdio.js';
import type { SignalName } from './lifecycle/signals.js';
import type { RunOverrides } from './spec/image-config.js';
import type {
  Limits,
  LinuxResources,
  MountOption,
  NamespaceType,
  SpecChange,
  SpecDevice,
} from './spec/index.js';

/** Columns and rows of a terminal. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** A runtime and its options. */
export interface RuntimeOption {
  /** Default: `io.containerd.runc.v2`. */
  readonly name?: string | undefined;
  /** The runtime's program, such as `crun` or a path. Default: `runc`. */
  readonly binaryName?: string | undefined;
  /** The folder of the runtime's state. */
  readonly root?: string | undefined;
  /** Cgroups by systemd. Default: false, by files. */
  readonly systemdCgroup?: boolean | undefined;
  readonly noPivotRoot?: boolean | undefined;
  /** For runtimes other than runc's: a config file for the shim. */
  readonly configPath?: string | undefined;
}

/**
 * When containerd itself starts the container again (its restart monitor looks every 10 s). That of
 * containerd 1.6 knows only `always`: any other policy is `unimplemented` there.
 */
export interface RestartOption {
  readonly policy: 'always' | 'unless-stopped' | 'on-failure' | `on-failure:${number}`;
  /** Where the output goes after a restart; pipes do not survive one. Default: nowhere. */
  readonly log?: `file:///${string}` | `binary:///${string}` | undefined;
}

/** A message of any kind: the name of its type, and its bytes. */
export interface Extension {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** What a container is isolated by and limited to. */
export interface SandboxOptions {
  readonly limits?: Limits | undefined;
  /** Resources in the runtime's own terms, over `limits`. */
  readonly resources?: LinuxResources | undefined;
  readonly capabilities?:
    | {
        readonly add?: readonly string[] | undefined;
        readonly drop?: readonly string[] | undefined;
      }
    | undefined;
  /** Default: `default`, containerd's profile. */
  readonly seccomp?: 'default' | 'unconfined' | undefined;
  /** An AppArmor profile that is loaded on the host. */
  readonly apparmor?: string | undefined;
  /** Default: true: no program gains rights by its file's bits. */
  readonly noNewPrivileges?: boolean | undefined;
  /** Default: false. */
  readonly privileged?: boolean | undefined;
  /** Default: the network, pid, ipc, uts and mount namespaces are private. */
  readonly namespaces?:
    | Readonly<Partial<Record<NamespaceType, 'host' | 'private' | (string & {})>>>
    | undefined;
  readonly hostname?: string | undefined;
  readonly mounts?: readonly MountOption[] | undefined;
  /** Default: false. */
  readonly readonlyRootfs?: boolean | undefined;
  readonly devices?: readonly SpecDevice[] | undefined;
  readonly rlimits?:
    | Readonly<Record<string, number | { readonly soft: number; readonly hard: number }>>
    | undefined;
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  readonly cgroup?: string | undefined;
}

/** What a container is made of. */
export interface ContainerOptions extends CallControl, RunOverrides, SandboxOptions {
  /** 1 to 76 letters and digits, with single `.`, `_` or `-` between them. */
  readonly id: string;
  /** An image on the daemon; its config is applied. One of `image`, `snapshot` and `rootfs` is given. */
  readonly image?: string | undefined;
  /** A writable snapshot, which stays the caller's. */
  readonly snapshot?: string | undefined;
  /** A folder on the host that is the root file system, which stays the caller's. */
  readonly rootfs?: string | undefined;
  /** `user[:group]`, names or numbers. Default: the image's, then root. */
  readonly user?: string | undefined;
  /** A terminal, perhaps of a size. Default: false. */
  readonly tty?: boolean | TerminalSize | undefined;
  /** Default: `null`: no input, and the output goes nowhere. */
  readonly stdio?: StdioOption | undefined;
  /** Over the image's, on the record. Those by which ctrd itself knows it are refused. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Further facts on the record, by name; containerd keeps them as they are. */
  readonly extensions?: Readonly<Record<string, Extension>> | undefined;
  /** For the runtime and its hooks. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Further changes of the spec, after everything else. */
  readonly spec?: SpecChange | undefined;
  readonly runtime?: string | RuntimeOption | undefined;
  /** Default: the client's. */
  readonly snapshotter?: string | undefined;
  /** What stops it. Default: the image's, then SIGTERM. */
  readonly stopSignal?: SignalName | undefined;
  readonly restart?: RestartOption | undefined;
  /**
   * A folder that `createCheckpoint` has written: the process goes on from there instead of being
   * started. The root file system must be what it was. Needs CRIU on the daemon's machine.
   */
  readonly checkpoint?: string | undefined;
  /**
   * Containers of one group share one shim process, which saves some 18 MB each; when it dies, they
   * all do. Of the runc shim. Default: a shim of its own.
   */
  readonly shimGroup?: string | undefined;
  /** `false` makes it and its task and leaves the start to `start()`. Default: true. */
  readonly start?: boolean | undefined;
}

/** How a container is started that was made before. */
export interface StartOptions extends CallControl {
  /**
   * Of a container that has ended: its new streams. Default: pipes where it was made with pipes, its
   * log where it was made with one, nothing otherwise.
   */
  readonly stdio?: StdioOption | undefined;
}

/** What is started in a container, and how. */
export interface ExecOptions extends CallControl {
  readonly args: readonly string[];
  /** Over the container's own. */
  readonly env?: readonly string[] | Readonly<Record<string, string | undefined>> | undefined;
  /** Default: the container's. */
  readonly cwd?: string | undefined;
  /** Default: the container's. */
  readonly user?: string | undefined;
  readonly tty?: boolean | TerminalSize | undefined;
  readonly stdio?: StdioOption | undefined;
  /** Default: a random one. */
  readonly execId?: string | undefined;
  /** Milliseconds after which it is ended with SIGKILL; `wait()` fails with `timeout` then. */
  readonly killAfterMs?: number | undefined;
}

/** What is run in a container to its end. */
export interface RunOptions extends Omit<ExecOptions, 'stdio' | 'tty'> {
  /** What is written to its input. Default: nothing. */
  readonly input?: string | Uint8Array | undefined;
  /** Bytes of stdout and of stderr that are kept; the rest is read and dropped. Default: 1 MiB. */
  readonly maxOutputBytes?: number | undefined;
}

/** How a container's process is ended. */
export interface DestroyOptions extends CallControl {
  /** Milliseconds between the stop signal and SIGKILL; 0 kills at once. Default: 10 000. */
  readonly graceMs?: number | undefined;
  readonly stopSignal?: SignalName | undefined;
}

/** Which signal goes to whom. */
export interface KillOptions extends CallControl {
  /** Default: SIGTERM. */
  readonly kill?: SignalName | undefined;
  /** Every process of the container, not only its first. Default: false. */
  readonly all?: boolean | undefined;
  /** A process that was started in it, instead of its own. */
  readonly execId?: string | undefined;
}

/** Which limits change: ours, or those of the OCI spec as they are. */
export interface UpdateOptions extends CallControl {
  readonly limits?: Limits | undefined;
  readonly resources?: LinuxResources | undefined;
}

/** What of a container's record changes. */
export interface UpdateContainerOptions extends CallControl {
  /** Labels to set; `undefined` takes one away. The others stay. */
  readonly labels?: Readonly<Record<string, string | undefined>> | undefined;
  /** Extensions to set. The others stay. */
  readonly extensions?: Readonly<Record<string, Extension>> | undefined;
}

/** Where a checkpoint goes, and what it takes along. */
export interface CheckpointOptions extends CallControl {
  /** The folder on the daemon's machine to write into; is made. */
  readonly path: string;
  /** Ends the process when it has been written. Default: false, it goes on. */
  readonly exit?: boolean | undefined;
  /** Takes open TCP connections along. Default: false, one of them makes it fail. */
  readonly openTcp?: boolean | undefined;
  /** Takes ends of unix sockets whose other end is outside along. Default: false. */
  readonly externalUnixSockets?: boolean | undefined;
  /** Takes file locks along. Default: false. */
  readonly fileLocks?: boolean | undefined;
}

/** Which part of a log, and for how long. */
export interface LogsOptions extends CallControl {
  /** Goes on until the container has ended. Default: false, what is there now. */
  readonly follow?: boolean | undefined;
  /** So many of the last lines, and what follows. Default: all. */
  readonly tail?: number | undefined;
  /**
   * Bytes of the file that are left out, as what rotations have put aside: those that were there
   * before. Not with `tail`. Default: nothing is left out.
   */
  readonly skipBytes?: number | undefined;
  /** The file that another program keeps the output in. Default: the container's own. */
  readonly path?: string | undefined;
}

/** Which streams of a container that another client has made are taken. */
export interface AttachOptions extends CallControl {
  /** Which of its pipes to attach to. Default: `pipe`, all there are. */
  readonly stdio?: StdioOption | undefined;
}

/** A container that may be taken up. */
export interface RecoverCandidate {
  readonly id: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Whose it is: this client's own, that of a client of another process that is `dead`, that of one
   * that is `alive` (another client of this process counts as such), `unknown` when that cannot be
   * told from here, `none` for containers of other programs, such as `ctr` and nerdctl.
   */
  readonly owner: 'self' | 'dead' | 'alive' | 'unknown' | 'none';
}

/** Which containers are taken up. */
export interface RecoverAllOptions extends AttachOptions {
  /** Which to take up. Default: those whose owner is `self` or `dead`. */
  readonly filter?: ((candidate: RecoverCandidate) => boolean) | undefined;
}
