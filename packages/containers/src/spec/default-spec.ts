import { defaultCapabilities } from './capabilities.js';
import { frozen } from './frozen.js';
import type { DeviceRule, RuntimeSpec, SpecMount } from './runtime-spec.js';
import { defaultSeccomp } from './seccomp.js';

/**
 * The spec that every container starts from: the Go client's (`oci.NewSpec`, the same from 1.6 to
 * 2.x), with `ctr run`'s device rules and, unlike both, containerd's seccomp profile.
 */
export function defaultSpec({ namespace, id }: { namespace: string; id: string }): RuntimeSpec {
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: [],
      env: [],
      cwd: '/',
      capabilities: {
        bounding: defaultCapabilities,
        effective: defaultCapabilities,
        permitted: defaultCapabilities,
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs' },
    mounts: defaultMounts,
    linux: {
      maskedPaths,
      readonlyPaths,
      cgroupsPath: `/${namespace}/${id}`,
      resources: { devices: deviceRules },
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        { type: 'network' },
      ],
      seccomp: defaultSeccomp(defaultCapabilities),
    },
  };
}

const defaultMounts: readonly SpecMount[] = frozen([
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
  {
    destination: '/run',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
]);

const maskedPaths: readonly string[] = frozen([
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
  '/proc/scsi',
]);

const readonlyPaths: readonly string[] = frozen([
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]);

const character = (major: number, minor?: number): DeviceRule => ({
  allow: true,
  type: 'c',
  major,
  ...(minor === undefined ? {} : { minor }),
  access: 'rwm',
});

/** Nothing but null, zero, full, random, urandom, tty, console, ptmx and the pseudo terminals. */
const deviceRules: readonly DeviceRule[] = frozen([
  { allow: false, access: 'rwm' },
  ...[character(1, 3), character(1, 8), character(1, 7), character(5, 0), character(1, 5)],
  ...[character(1, 9), character(5, 1), character(136), character(5, 2)],
]);
