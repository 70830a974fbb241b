import type { ImageRunConfig, MountSpec } from '@ctrd/core';
import { invalidArgument } from '@ctrd/core';
import type { ContainerOptions, TerminalSize } from '../container-options.js';
import {
  compose,
  defaultSpec,
  layersOfMounts,
  type RuntimeSpec,
  resolveRootfsUser,
  resourcesOf,
  type SpecChange,
  withAnnotations,
  withApparmor,
  withCapabilities,
  withCgroup,
  withDevices,
  withHostname,
  withImageConfig,
  withImageVolumes,
  withMounts,
  withNamespaces,
  withNoNewPrivileges,
  withPrivileged,
  withReadonlyRootfs,
  withResources,
  withRlimits,
  withRootfs,
  withSeccomp,
  withSysctls,
  withTerminal,
  withUser,
} from '../spec/index.js';

/** An image's config for a container that has no image. */
const noImage: ImageRunConfig = {
  entrypoint: [],
  cmd: [],
  env: [],
  workingDir: '',
  user: '',
  stopSignal: '',
  labels: {},
  volumes: [],
};

/** By which the runc shim finds the shim of the others of a group. */
const groupAnnotation = 'io.containerd.runc.v2.group';

/** The spec of a container, out of the default, its image, its options and the host's changes. */
export async function buildSpec(options: {
  readonly namespace: string;
  readonly container: ContainerOptions;
  readonly config: ImageRunConfig | undefined;
  readonly mounts: readonly MountSpec[];
  readonly specDefaults: SpecChange;
}): Promise<RuntimeSpec> {
  const { namespace, container, config = noImage, mounts, specDefaults } = options;
  const layers = container.rootfs === undefined ? layersOfMounts(mounts) : [container.rootfs];
  const user = await resolveRootfsUser(container.user ?? config.user, layers);
  return compose(
    specDefaults,
    withImageConfig(config, container),
    withUser(user),
    optionChanges(container),
    withImageVolumes(config.volumes),
    container.spec ?? ((spec) => spec),
  )(defaultSpec({ namespace, id: container.id }));
}

/** What can be said of a container's options without asking anybody: errors name the field. */
export function optionChanges(options: ContainerOptions): SpecChange {
  const { privileged, capabilities, seccomp, apparmor, noNewPrivileges, namespaces } = options;
  const { hostname, mounts, readonlyRootfs, devices, rlimits, sysctls, cgroup } = options;
  const { annotations, limits, resources, tty, rootfs, shimGroup } = options;
  return compose(
    ...given(privileged === true ? true : undefined, () => withPrivileged()),
    ...given(capabilities, withCapabilities),
    ...given(seccomp, withSeccomp),
    ...given(apparmor, withApparmor),
    ...given(noNewPrivileges, withNoNewPrivileges),
    ...given(namespaces, withNamespaces),
    ...given(hostname, withHostname),
    ...given(mounts, withMounts),
    ...given(readonlyRootfs, withReadonlyRootfs),
    ...given(devices, withDevices),
    ...given(rlimits, withRlimits),
    ...given(sysctls, withSysctls),
    ...given(cgroup, withCgroup),
    ...given(annotations, withAnnotations),
    ...given(shimGroup, (group) => withAnnotations({ [groupAnnotation]: group })),
    ...given(limits, (value) => withResources(resourcesOf(value))),
    ...given(resources, withResources),
    ...given(rootfs, withRootfs),
    ...given(tty === false ? undefined : tty, (value) => withTerminal(terminalSize(value))),
  );
}

/** Throws `invalid-argument` for a size that is none. */
export function terminalSize(tty: true | TerminalSize): TerminalSize | undefined {
  if (tty === true) return undefined;
  for (const side of ['width', 'height'] as const) {
    const value = tty[side];
    if (!(Number.isInteger(value) && value > 0 && value < 65_536)) {
      throw invalidArgument(side, 'be a whole number from 1 to 65535', value);
    }
  }
  return { width: tty.width, height: tty.height };
}

function given<T>(value: T | undefined, change: (value: T) => SpecChange): readonly SpecChange[] {
  return value === undefined ? [] : [change(value)];
}
