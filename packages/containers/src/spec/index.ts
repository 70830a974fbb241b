export { defaultCapabilities, withCapabilities } from './capabilities.js';
export type { CapabilityChange } from './capability-names.js';
export { defaultSpec } from './default-spec.js';
export {
  type MountOption,
  withMounts,
  withoutMounts,
  withReadonlyRootfs,
  withRootfs,
  withTmpfs,
} from './mounts.js';
export {
  withAnnotations,
  withDevices,
  withHostname,
  withNamespaces,
  withPathProtection,
  withSysctls,
} from './namespaces.js';
export { withPrivileged, withRootless } from './privileged.js';
export {
  withApparmor,
  withArgs,
  withCwd,
  withEnv,
  withNoNewPrivileges,
  withRlimits,
  withTerminal,
  withUser,
} from './process.js';
export {
  type Limits,
  resourcesOf,
  withCgroup,
  withCpus,
  withMemory,
  withPids,
  withResources,
} from './resources.js';
export {
  type CapabilitySet,
  compose,
  type DeviceRule,
  type IdMapping,
  type LinuxResources,
  type NamespaceType,
  type Rlimit,
  type RuntimeSpec,
  type Seccomp,
  type SeccompRule,
  type SpecChange,
  type SpecDevice,
  type SpecHook,
  type SpecLinux,
  type SpecMount,
  type SpecNamespace,
  type SpecProcess,
  type SpecUser,
} from './runtime-spec.js';
export { defaultSeccomp, withSeccomp } from './seccomp.js';
