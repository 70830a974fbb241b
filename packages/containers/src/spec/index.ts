export { defaultCapabilities, withCapabilities } from './capabilities.js';
export type { CapabilityChange } from './capability-names.js';
export { defaultSpec } from './default-spec.js';
export { withAllDevicesAllowed, withDevices } from './devices.js';
export { type EnvOption, withEnv } from './env.js';
export { type RunOverrides, withImageConfig, withImageVolumes } from './image-config.js';
export { withAnnotations, withHostname, withSysctls } from './kernel-settings.js';
export {
  type MountOption,
  withMounts,
  withoutMounts,
  withReadonlyRootfs,
  withRootfs,
  withTmpfs,
} from './mounts.js';
export {
  type NamespacesOption,
  withHostNamespace,
  withIdMappings,
  withNamespaces,
} from './namespaces.js';
export { withMaskedPaths, withReadonlyPaths } from './paths.js';
export { withPrivileged, withRootless } from './privileged.js';
export {
  withApparmor,
  withArgs,
  withCwd,
  withNoNewPrivileges,
  withTerminal,
  withUser,
} from './process.js';
export {
  type CpuLimits,
  type Limits,
  mergedResources,
  resourcesOf,
  withCgroup,
  withCpus,
  withMemory,
  withPids,
  withResources,
} from './resources.js';
export { type RlimitsOption, withRlimits } from './rlimits.js';
export { layersOfMounts, readRootfsFile } from './rootfs-file.js';
export { resolveRootfsUser } from './rootfs-user.js';
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
export { resolveUser } from './users.js';
