import { invalidArgument } from '@ctrd/core';
import type { SpecChange, SpecMount } from './runtime-spec.js';

/** A mount as callers write it: without a type, a bind mount of the source. */
export interface MountOption {
  /** A path on the host, for a bind mount. */
  readonly source?: string | undefined;
  /** The absolute path in the container. */
  readonly destination: string;
  /** Default: `bind`. */
  readonly type?: string | undefined;
  /** Default: `rbind` and `rprivate` for a bind mount. */
  readonly options?: readonly string[] | undefined;
  /** Default: false. */
  readonly readOnly?: boolean | undefined;
}

/** Adds mounts; one on the same destination is replaced. */
export function withMounts(mounts: readonly MountOption[]): SpecChange {
  const added = mounts.map(specMount);
  return (spec) => ({
    ...spec,
    mounts: [
      ...spec.mounts.filter((mount) =>
        added.every(({ destination }) => destination !== mount.destination),
      ),
      ...added,
    ],
  });
}

/** Takes the mounts on these destinations away. */
export function withoutMounts(destinations: readonly string[]): SpecChange {
  return (spec) => ({
    ...spec,
    mounts: spec.mounts.filter(({ destination }) => !destinations.includes(destination)),
  });
}

/** A file system in memory; `size` in bytes. */
export function withTmpfs(
  destination: string,
  { size, mode = 0o1777 }: { readonly size?: number; readonly mode?: number } = {},
): SpecChange {
  const options = ['nosuid', 'nodev', `mode=${mode.toString(8)}`];
  if (size !== undefined) {
    if (!Number.isInteger(size) || size <= 0)
      throw invalidArgument('size', 'be bytes above 0', size);
    options.push(`size=${size}`);
  }
  return withMounts([{ destination, type: 'tmpfs', source: 'tmpfs', options }]);
}

export function withReadonlyRootfs(on = true): SpecChange {
  return (spec) => ({ ...spec, root: { ...spec.root, readonly: on } });
}

/** A root file system that exists on the host, instead of one that containerd mounts. */
export function withRootfs(path: string): SpecChange {
  if (!path.startsWith('/')) throw invalidArgument('rootfs', 'be an absolute path', path);
  return (spec) => ({ ...spec, root: { ...spec.root, path } });
}

function specMount(mount: MountOption, index: number): SpecMount {
  const { destination, type = 'bind', source, readOnly = false } = mount;
  const field = `mounts[${index}]`;
  if (typeof destination !== 'string' || !destination.startsWith('/')) {
    throw invalidArgument(`${field}.destination`, 'be an absolute path', destination);
  }
  if (type === 'bind' && (typeof source !== 'string' || !source.startsWith('/'))) {
    throw invalidArgument(`${field}.source`, 'be an absolute path on the host', source);
  }
  const given = mount.options ?? (type === 'bind' ? ['rbind', 'rprivate'] : []);
  const options = readOnly && !given.includes('ro') ? [...given, 'ro'] : [...given];
  return { destination, type, ...(source === undefined ? {} : { source }), options };
}
