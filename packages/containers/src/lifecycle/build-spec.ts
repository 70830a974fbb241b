import type { ImageRunConfig, MountSpec } from '@ctrd/core';
import { invalidArgument } from '@ctrd/core';
import type { ContainerOptions, TerminalSize } from '../container-options.js';
import { withImageConfig } from '../spec/image-config.js';
import type { SpecUser } from '../spec/index.js';
import {
  compose,
  defaultSpec,
  type RuntimeSpec,
  resourcesOf,
  type SpecChange,
  withAnnotations,
  withApparmor,
  withCapabilities,
  withCgroup,
  withDevices,
  withHostname,
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
import { layersOfMounts, readRootfsFile } from '../spec/rootfs-file.js';
import { resolveUser } from '../spec/users.js';

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

/** The spec of a container, out of the default, its image, its options and the host's changes. */
export async function buildSpec(options: {
  readonly namespace: string;
  readonly container: ContainerOptions;
  readonly config: ImageRunConfig | undefined;
  readonly mounts: readonly MountSpec[];
  readonly specDefaults: SpecChange;
}): Promise<RuntimeSpec> {
  const { namespace, container, config = noImage, mounts, specDefaults } = options;
  const user = await userOf(container.user ?? config.user, container.rootfs, mounts);
  return compose(
    specDefaults,
    withImageConfig(config, container),
    withUser(user),
    optionChanges(container),
    container.spec ?? ((spec) => spec),
  )(defaultSpec({ namespace, id: container.id }));
}

/** What can be said of a container's options without asking anybody: errors name the field. */
export function optionChanges(options: ContainerOptions): SpecChange {
  const { privileged, capabilities, seccomp, apparmor, noNewPrivileges, namespaces } = options;
  const { hostname, mounts, readonlyRootfs, devices, rlimits, sysctls, cgroup } = options;
  const { annotations, limits, resources, tty, rootfs } = options;
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

async function userOf(
  text: string,
  rootfs: string | undefined,
  mounts: readonly MountSpec[],
): Promise<SpecUser> {
  const layers = rootfs === undefined ? layersOfMounts(mounts) : [rootfs];
  const [passwd, group] = await Promise.all([
    readRootfsFile(layers ?? [], '/etc/passwd'),
    readRootfsFile(layers ?? [], '/etc/group'),
  ]);
  return resolveUser(text === '' ? '0' : text, { passwd, group });
}

function given<T>(value: T | undefined, change: (value: T) => SpecChange): readonly SpecChange[] {
  return value === undefined ? [] : [change(value)];
}
