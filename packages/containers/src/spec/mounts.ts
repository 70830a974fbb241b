import { posix } from 'node:path';
import { invalidArgument } from '@ctrd/core';
import { checkAbsolute, checkInteger, checkText, checkTexts } from './check.js';
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

/** Adds mounts; one on the same destination is replaced, at its place in the order. */
export function withMounts(mounts: readonly MountOption[]): SpecChange {
  const added = mounts.map(specMount);
  return (spec) => {
    const byDestination = new Map(spec.mounts.map((mount) => [mount.destination, mount]));
    for (const mount of added) byDestination.set(mount.destination, mount);
    return { ...spec, mounts: [...byDestination.values()] };
  };
}

/** Takes the mounts on these destinations away. */
export function withoutMounts(destinations: readonly string[]): SpecChange {
  checkTexts('mounts', destinations);
  const gone = new Set(destinations.map(normalized));
  return (spec) => ({
    ...spec,
    mounts: spec.mounts.filter(({ destination }) => !gone.has(normalized(destination))),
  });
}

/** A file system in memory; `size` in bytes, default half of the machine's memory. */
export function withTmpfs(
  destination: string,
  { size, mode = 0o1777 }: { readonly size?: number; readonly mode?: number } = {},
): SpecChange {
  checkInteger('size', size, { from: 1 });
  checkInteger('mode', mode, { from: 0, to: 0o7777 });
  const options = ['nosuid', 'nodev', `mode=${mode.toString(8)}`];
  if (size !== undefined) options.push(`size=${size}`);
  return withMounts([{ destination, type: 'tmpfs', source: 'tmpfs', options }]);
}

/** Whether nothing can be written but to mounts. */
export function withReadonlyRootfs(on = true): SpecChange {
  return (spec) => ({ ...spec, root: { ...spec.root, readonly: on } });
}

/** A root file system that exists on the host, instead of one that containerd mounts. */
export function withRootfs(path: string): SpecChange {
  checkAbsolute('rootfs', path);
  return (spec) => ({ ...spec, root: { ...spec.root, path } });
}

function specMount(mount: MountOption, index: number): SpecMount {
  const field = `mounts[${index}]`;
  const { type = 'bind', source, readOnly = false } = mount;
  const isBind = type === 'bind' || type === 'rbind';
  checkAbsolute(`${field}.destination`, mount.destination);
  const destination = normalized(mount.destination);
  if (destination === '/') throw invalidArgument(`${field}.destination`, 'not be the root');
  checkText(`${field}.type`, type);
  if (isBind) checkAbsolute(`${field}.source`, source);
  else if (source !== undefined) checkText(`${field}.source`, source);
  const given = mount.options ?? (isBind ? ['rbind', 'rprivate'] : []);
  checkTexts(`${field}.options`, given);
  const options = readOnly && !given.includes('ro') ? [...given, 'ro'] : [...given];
  return { destination, type, ...(source === undefined ? {} : { source }), options };
}

function normalized(path: string): string {
  const plain = posix.normalize(path);
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain;
}
