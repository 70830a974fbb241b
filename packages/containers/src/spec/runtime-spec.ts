/**
 * The OCI runtime spec (1.0–1.2, Linux), as far as runc reads it. Read-only: every change makes a
 * new spec. Fields we do not name pass through untouched.
 */
export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: SpecProcess;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts: readonly SpecMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hooks?: Readonly<Record<string, readonly SpecHook[]>>;
  readonly linux: SpecLinux;
}

/** The first process of a container. */
export interface SpecProcess {
  readonly terminal?: boolean;
  readonly consoleSize?: { readonly width: number; readonly height: number };
  readonly user: SpecUser;
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities?: Readonly<Partial<Record<CapabilitySet, readonly string[]>>>;
  readonly rlimits?: readonly Rlimit[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly oomScoreAdj?: number;
}

/** The sets of capabilities that a process has: capabilities(7). */
export type CapabilitySet = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';

/** Who a process runs as, by numbers. */
export interface SpecUser {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
}

/** A limit of a process: setrlimit(2). */
export interface Rlimit {
  /** Such as `RLIMIT_NOFILE`. */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

/** A mount in a container. */
export interface SpecMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

/** A program of the host that the runtime runs at a moment of a container's life. */
export interface SpecHook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
}

/** What of the spec is Linux alone. */
export interface SpecLinux {
  readonly namespaces: readonly SpecNamespace[];
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly devices?: readonly SpecDevice[];
  readonly cgroupsPath?: string;
  readonly resources?: LinuxResources;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly seccomp?: Seccomp;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly rootfsPropagation?: string;
  readonly mountLabel?: string;
}

/** The kinds of Linux namespaces. */
export type NamespaceType =
  | 'pid'
  | 'ipc'
  | 'uts'
  | 'mount'
  | 'network'
  | 'cgroup'
  | 'user'
  | 'time';

/** A namespace of a container: a new one, or that at a path. */
export interface SpecNamespace {
  readonly type: NamespaceType;
  /** An existing one to join; without it, a new one. */
  readonly path?: string;
}

/** A range of ids in a user namespace, and what they are outside of it. */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** A device node in a container. */
export interface SpecDevice {
  readonly path: string;
  readonly type: 'c' | 'b' | 'u' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Limits of a container; also what `updateResources` takes. Only what is given is changed. */
export interface LinuxResources {
  readonly devices?: readonly DeviceRule[];
  readonly memory?: {
    /** Bytes; -1 for none. */
    readonly limit?: number;
    /** Bytes, memory and swap together; -1 for none. */
    readonly swap?: number;
    /** Bytes, a soft limit. */
    readonly reservation?: number;
    readonly swappiness?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    /** Relative weight; 1024 is the usual one. */
    readonly shares?: number;
    /** Microseconds of CPU time in a period; -1 for no limit. */
    readonly quota?: number;
    readonly period?: number;
    /** Such as `0-2,4`. */
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: {
    /** Processes and threads; 0 or less for no limit. */
    readonly limit: number;
  };
  readonly blockIO?: Readonly<Record<string, unknown>>;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  readonly network?: Readonly<Record<string, unknown>>;
  /** cgroup v2 keys as they are. */
  readonly unified?: Readonly<Record<string, string>>;
}

/** Which devices may be used, and how: the device cgroup. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  /** Letters of `rwm`. */
  readonly access?: string;
}

/** Which system calls a container may make. */
export interface Seccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly SeccompRule[];
}

/** What becomes of some system calls. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: string;
  }[];
}

/** Changes a spec into another; the given one stays as it is. */
export type SpecChange = (spec: RuntimeSpec) => RuntimeSpec;

/** The changes one after the other, as one. */
export function compose(...changes: readonly SpecChange[]): SpecChange {
  return (spec) => changes.reduce((current, change) => change(current), spec);
}
