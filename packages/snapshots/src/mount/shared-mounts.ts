import type { MountSpec } from '@ctrd/core';
import type { Mounted } from './mount-command.js';

/**
 * The mounts to make, given what is mounted already. Two overlays must not write to one folder: what
 * each shows then is undefined (kernel, filesystems/overlayfs). An active snapshot that is mounted,
 * as that of a running container is, is shown once more by a bind of that mount.
 */
export function sharedMounts(
  mounts: readonly MountSpec[],
  mounted: readonly Mounted[],
): readonly MountSpec[] {
  return mounts.map((mount) => {
    const upper = mount.options.find((option) => option.startsWith('upperdir='));
    if (mount.type !== 'overlay' || upper === undefined) return mount;
    const there = mounted.find(
      ({ type, root, options }) => type === 'overlay' && root === '/' && options.includes(upper),
    );
    if (there === undefined) return mount;
    return { type: 'bind', source: there.folder, target: '', options: ['bind'] };
  });
}
