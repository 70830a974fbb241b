import { withCapabilities } from './capabilities.js';
import { withAllDevicesAllowed } from './devices.js';
import { withMaskedPaths, withReadonlyPaths } from './paths.js';
import { withNoNewPrivileges } from './process.js';
import { compose, type SpecChange } from './runtime-spec.js';
import { withSeccomp } from './seccomp.js';

/**
 * Nearly everything that root on the host may do: for those who know what they run. All
 * capabilities and devices, no profile, nothing masked, a writable `/sys`. The host's device nodes
 * are not made: add those that are wanted by `withDevices`.
 */
export function withPrivileged(): SpecChange {
  return compose(
    withCapabilities({ add: ['ALL'] }),
    withSeccomp('unconfined'),
    withNoNewPrivileges(false),
    withMaskedPaths([]),
    withReadonlyPaths([]),
    withAllDevicesAllowed(),
    withWritableSys(),
    withoutSecurityModules(),
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
      mount.type === 'sysfs' || mount.type === 'cgroup'
        ? {
            ...mount,
            options: (mount.options ?? []).map((option) => (option === 'ro' ? 'rw' : option)),
          }
        : mount,
    ),
  });
}

/** Without AppArmor's profile and SELinux's labels. */
function withoutSecurityModules(): SpecChange {
  return (spec) => {
    const { apparmorProfile: _profile, selinuxLabel: _label, ...process } = spec.process;
    const { mountLabel: _mountLabel, ...linux } = spec.linux;
    return { ...spec, process, linux };
  };
}
