import type { ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { frozen } from '../../src/spec/frozen.js';
import {
  compose,
  defaultSpec,
  type RuntimeSpec,
  type SpecChange,
  withAllDevicesAllowed,
  withAnnotations,
  withApparmor,
  withArgs,
  withCapabilities,
  withCgroup,
  withCpus,
  withCwd,
  withDevices,
  withEnv,
  withHostNamespace,
  withHostname,
  withIdMappings,
  withImageVolumes,
  withMaskedPaths,
  withMemory,
  withMounts,
  withNamespaces,
  withNoNewPrivileges,
  withoutMounts,
  withPids,
  withPrivileged,
  withReadonlyPaths,
  withReadonlyRootfs,
  withRlimits,
  withRootfs,
  withRootless,
  withSeccomp,
  withSysctls,
  withTerminal,
  withTmpfs,
  withUser,
} from '../../src/spec/index.js';
import { runtimeSchema } from './runtime-schema.js';

const path = fc.constantFrom('/data', '/data/', '/a/b', '/etc/hosts', '/dev/shm', '/run', '/sys');
const id = fc.integer({ min: 0, max: 0x7fffffff });
const name = fc.stringMatching(/^[A-Z_]{1,8}$/);
const text = fc.string({ maxLength: 8 }).map((any) => any.replaceAll('\0', ''));
const capability = fc.constantFrom('NET_ADMIN', 'CAP_SYS_ADMIN', 'sys_time', 'NET_RAW', 'KILL');
const device = fc.record({
  path: fc.constantFrom('/dev/fuse', '/dev/kvm'),
  type: fc.constantFrom('c' as const, 'b' as const),
  major: fc.integer({ min: 0, max: 4095 }),
  minor: fc.integer({ min: 0, max: 255 }),
});

const changes: Readonly<Record<string, fc.Arbitrary<SpecChange>>> = {
  withArgs: fc.array(text, { minLength: 1 }).map((args) => withArgs(['sh', ...args])),
  withCwd: path.map(withCwd),
  withEnv: fc
    .array(
      fc.oneof(
        name,
        fc.tuple(name, text).map((pair) => pair.join('=')),
      ),
    )
    .map((env) => withEnv(env)),
  withUser: fc.record({ uid: id, gid: id, additionalGids: fc.array(id) }).map(withUser),
  withTerminal: fc.constantFrom(withTerminal(), withTerminal({ width: 80, height: 24 })),
  withNoNewPrivileges: fc.boolean().map(withNoNewPrivileges),
  withApparmor: fc.constant(withApparmor('strict')),
  withRlimits: fc
    .integer({ min: 0, max: 4096 })
    .map((soft) => withRlimits({ NOFILE: { soft, hard: 4096 }, RLIMIT_CORE: soft })),
  withMounts: fc
    .array(fc.record({ destination: path, source: path, readOnly: fc.boolean() }))
    .map(withMounts),
  withoutMounts: fc.array(path).map(withoutMounts),
  withTmpfs: path.map((destination) => withTmpfs(destination, { size: 4096, mode: 0o700 })),
  withReadonlyRootfs: fc.boolean().map(withReadonlyRootfs),
  withRootfs: path.map(withRootfs),
  withMemory: fc.integer({ min: 6_291_456, max: 2 ** 40 }).map((bytes) => withMemory(bytes, -1)),
  withCpus: fc.constantFrom(
    withCpus(1.5),
    withCpus({ cpuShares: 512, cpuset: '0-1', cpusetMems: '0' }),
    withCpus({ cpuQuota: 20_000, cpuPeriod: 50_000 }),
  ),
  withPids: fc.integer({ min: 1, max: 1_000_000 }).map(withPids),
  withCgroup: fc.constantFrom('/a/b', 'system.slice:ctrd:job').map(withCgroup),
  withCapabilities: fc
    .record({ add: fc.array(capability), drop: fc.array(fc.oneof(capability, fc.constant('ALL'))) })
    .map(withCapabilities),
  withSeccomp: fc.constantFrom('default' as const, 'unconfined' as const).map(withSeccomp),
  withNamespaces: fc.constantFrom(
    withNamespaces({ network: 'host', pid: '/proc/1/ns/pid', cgroup: 'private' }),
    withHostNamespace('ipc', 'uts'),
    withIdMappings({
      uid: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      gid: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    }),
  ),
  withHostname: fc.constant(withHostname('box.example')),
  withSysctls: text.map((value) => withSysctls({ 'net.ipv4.ip_forward': value })),
  withAnnotations: text.map((value) => withAnnotations({ 'a.b/c': value })),
  withDevices: fc.array(device).map(withDevices),
  withAllDevicesAllowed: fc.constant(withAllDevicesAllowed()),
  withMaskedPaths: fc.array(path).map(withMaskedPaths),
  withReadonlyPaths: fc.array(path).map(withReadonlyPaths),
  withImageVolumes: fc.array(path).map(withImageVolumes),
  withPrivileged: fc.constant(withPrivileged()),
  withRootless: fc.constant(withRootless()),
};

const before = (): RuntimeSpec =>
  frozen(compose(withArgs(['sh']))(defaultSpec({ namespace: 'ci', id: 'a' })));
const anyChange = fc.oneof(...Object.values(changes));

describe('changes of a spec', () => {
  let isValid: ValidateFunction;
  beforeAll(async () => {
    isValid = await runtimeSchema('trixie');
  }, 120_000);

  it.each(Object.entries(changes))('%s is the same when made twice', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (change) => {
        const once = change(before());
        expect(change(frozen(once))).toEqual(once);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('never touch the spec they are given, and make one that the schema accepts', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 8 }), (list) => {
        let spec = before();
        for (const change of list) {
          const copy = structuredClone(spec);
          const changed = change(spec);
          expect(spec).toEqual(copy);
          spec = frozen(changed);
        }
        // What is sent is JSON.
        expect(isValid(JSON.parse(JSON.stringify(spec))), JSON.stringify(isValid.errors)).toBe(
          true,
        );
        expect(compose(...list)(before())).toEqual(spec);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('leave fields alone that nobody named', () => {
    const spec = { ...before(), zos: { kept: true } };
    const linux = { ...spec.linux, intelRdt: { closID: 'x' } };
    const changed = compose(
      withPrivileged(),
      withRootless(),
      withMemory(2 ** 26),
    )({ ...spec, linux } as RuntimeSpec);
    expect(changed).toMatchObject({ zos: { kept: true }, linux: { intelRdt: { closID: 'x' } } });
  });

  it('keep nothing of what a caller may change afterwards', () => {
    const args = ['sh'];
    const groups = [1];
    const options = ['rbind'];
    const masked = ['/x'];
    const change = compose(
      withArgs(args),
      withUser({ uid: 1, gid: 1, additionalGids: groups }),
      withMounts([{ source: '/a', destination: '/b', options }]),
      withMaskedPaths(masked),
    );
    const spec = change(before());
    const copy = structuredClone(spec);
    for (const list of [args, options, masked]) list.push('changed');
    groups.push(0);
    expect(spec).toEqual(copy);
  });
});
