import { describe, expect, it } from 'vitest';
import {
  type SpecChange,
  withAnnotations,
  withApparmor,
  withArgs,
  withCapabilities,
  withCgroup,
  withCpus,
  withCwd,
  withDevices,
  withEnv,
  withHostname,
  withIdMappings,
  withImageVolumes,
  withMaskedPaths,
  withMemory,
  withMounts,
  withNamespaces,
  withoutMounts,
  withPids,
  withReadonlyPaths,
  withResources,
  withRlimits,
  withRootfs,
  withSeccomp,
  withSysctls,
  withTerminal,
  withTmpfs,
  withUser,
} from '../../src/spec/index.js';

const device = { path: '/dev/x', type: 'c' as const, major: 1, minor: 3 };
const mapping = { containerID: 0, hostID: 0, size: 1 };

/** As a program in plain JavaScript could call it. */
const untyped = (value: unknown) => value as never;

const wrong: readonly [field: string, call: () => SpecChange][] = [
  ['args', () => withArgs([])],
  ['args', () => withArgs([''])],
  ['args', () => withArgs(untyped('sh'))],
  ['args[1]', () => withArgs(['sh', 'a\0b'])],
  ['args[0]', () => withArgs(untyped([1]))],
  ['cwd', () => withCwd('tmp')],
  ['env', () => withEnv(['=x'])],
  ['env', () => withEnv({ 'A=B': 'c' })],
  ['env.A', () => withEnv(untyped({ A: 1 }))],
  ['env[0]', () => withEnv(['A=\0'])],
  ['user.uid', () => withUser({ uid: -1, gid: 0 })],
  ['user.uid', () => withUser(untyped({ gid: 0 }))],
  ['user.gid', () => withUser({ uid: 0, gid: 2 ** 31 })],
  ['user.additionalGids', () => withUser({ uid: 0, gid: 0, additionalGids: [1.5] })],
  ['user.umask', () => withUser({ uid: 0, gid: 0, umask: 0o1000 })],
  ['width', () => withTerminal({ width: 0, height: 1 })],
  ['height', () => withTerminal({ width: 1, height: 65_536 })],
  ['apparmor', () => withApparmor('')],
  ['rlimits', () => withRlimits({ FILES: 1 })],
  ['rlimits.NOFILE', () => withRlimits({ NOFILE: { soft: 2, hard: 1 } })],
  ['rlimits.NOFILE', () => withRlimits({ NOFILE: Number.POSITIVE_INFINITY })],
  ['mounts[0].destination', () => withMounts([{ source: '/a', destination: 'b' }])],
  ['mounts[0].destination', () => withMounts([{ source: '/a', destination: '/b/..' }])],
  [
    'mounts[1].source',
    () => withMounts([{ source: '/', destination: '/a' }, { destination: '/b' }]),
  ],
  ['mounts[0].options[0]', () => withTmpfsOptions('a\0')],
  ['mounts', () => withoutMounts(untyped('/proc'))],
  ['size', () => withTmpfs('/x', { size: 0 })],
  ['mode', () => withTmpfs('/x', { mode: 0o10000 })],
  ['rootfs', () => withRootfs('rootfs')],
  ['memory', () => withMemory(1024)],
  ['memory', () => withMemory(Number.NaN)],
  ['memorySwap', () => withMemory(2 ** 26, 2 ** 25)],
  ['cpus', () => withCpus(0)],
  ['cpuShares', () => withCpus({ cpuShares: 1 })],
  ['cpuPeriod', () => withCpus({ cpuPeriod: 10 })],
  ['cpuQuota', () => withCpus({ cpuQuota: 1 })],
  ['cpuQuota', () => withCpus({ cpus: 1, cpuQuota: 100_000 })],
  ['cpuset', () => withCpus({ cpuset: '0,' })],
  ['cpusetMems', () => withCpus({ cpusetMems: 'all' })],
  ['pids', () => withPids(0)],
  ['resources.memory.limit', () => withResources({ memory: { limit: 0.5 } })],
  ['cgroup', () => withCgroup('/../x')],
  ['capabilities.add', () => withCapabilities({ add: ['FLY'] })],
  ['capabilities.drop', () => withCapabilities({ drop: ['CAP_'] })],
  ['capabilities', () => withCapabilities({ add: ['ALL'], drop: ['ALL'] })],
  ['seccomp', () => withSeccomp(untyped('strict'))],
  ['seccomp.defaultAction', () => withSeccomp({ defaultAction: 'KILL' })],
  [
    'seccomp.syscalls[0].names',
    () => withSeccomp({ defaultAction: 'SCMP_ACT_KILL', syscalls: [emptyRule] }),
  ],
  ['namespaces', () => withNamespaces(untyped({ net: 'host' }))],
  ['namespaces.pid', () => withNamespaces({ pid: 'container:x' })],
  ['idMappings.gid', () => withIdMappings({ uid: [mapping], gid: [] })],
  [
    'idMappings.uid[0].size',
    () => withIdMappings({ uid: [{ ...mapping, size: 0 }], gid: [mapping] }),
  ],
  ['hostname', () => withHostname('-x')],
  ['hostname', () => withHostname('a'.repeat(64))],
  ['sysctls', () => withSysctls({ ip_forward: '1' })],
  ['sysctls', () => withSysctls({ 'net/../kernel.x': '1' })],
  ['sysctls.net.a', () => withSysctls(untyped({ 'net.a': 1 }))],
  ['annotations.a', () => withAnnotations(untyped({ a: 1 }))],
  ['annotations', () => withAnnotations({ '': 'x' })],
  ['devices[0].path', () => withDevices([{ ...device, path: 'dev/x' }])],
  ['devices[0].type', () => withDevices([{ ...device, type: untyped('x') }])],
  ['devices[0].major', () => withDevices([{ ...device, major: -1 }])],
  ['devices[0].fileMode', () => withDevices([{ ...device, fileMode: 0.5 }])],
  ['maskedPaths[0]', () => withMaskedPaths(['x'])],
  ['readonlyPaths[1]', () => withReadonlyPaths(['/x', ''])],
  ['volumes', () => withImageVolumes(['/'])],
  ['volumes', () => withImageVolumes(['/a/../..'])],
];

const emptyRule = { names: [], action: 'SCMP_ACT_ALLOW' };

function withTmpfsOptions(...options: string[]): SpecChange {
  return withMounts([{ destination: '/x', type: 'tmpfs', options }]);
}

describe('bad input', () => {
  it.each(wrong)('is refused by the field’s name: %s, %s', (field, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'invalid-argument', field }));
  });
});
