import { withCapabilities } from './capabilities.js';
import { withPathProtection } from './namespaces.js';
import { withNoNewPrivileges } from './process.js';
import { compose, type SpecChange } from './runtime-spec.js';
import { withSeccomp } from './seccomp.js';

/** Nearly everything that root on the host may do: for those who know what they run. */
export function withPrivileged(): SpecChange {
  return compose(
    withCapabilities({ add: ['ALL'] }),
    withSeccomp('unconfined'),
    withNoNewPrivileges(false),
    withPathProtection({ masked: [], readonly: [] }),
    withWritableSys(),
    withAllDevices(),
  );
}

/** What a daemon of a user without root cannot do is left out: cgroups, limits, device rules. */
export function withRootless(): SpecChange {
  return (spec) => {
    const { cgroupsPath: _path, resources: _resources, ...linux } = spec.linux;
    return {
      ...spec,
      mounts: spec.mounts.map((mount) =>
        mount.type === 'sysfs'
          ? {
              destination: '/sys',
              type: 'none',
              source: '/sys',
              options: ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'],
            }
          : mount,
      ),
      linux,
    };
  };
}

function withWritableSys(): SpecChange {
  return (spec) => ({
    ...spec,
    mounts: spec.mounts.map((mount) =>
      mount.type === 'sysfs'
        ? { ...mount, options: (mount.options ?? []).filter((option) => option !== 'ro') }
        : mount,
    ),
  });
}

function withAllDevices(): SpecChange {
  return (spec) => ({
    ...spec,
    linux: {
      ...spec.linux,
      resources: { ...spec.linux.resources, devices: [{ allow: true, access: 'rwm' }] },
    },
  });
}
