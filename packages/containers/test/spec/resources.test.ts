import { describe, expect, it } from 'vitest';
import {
  compose,
  defaultSpec,
  mergedResources,
  resourcesOf,
  withCpus,
  withDevices,
  withMemory,
  withPids,
} from '../../src/spec/index.js';

describe('resourcesOf', () => {
  it('holds what is given and nothing else, so that an update changes nothing else', () => {
    expect(resourcesOf({})).toEqual({});
    expect(resourcesOf({ memory: undefined, pids: -1 })).toEqual({ pids: { limit: -1 } });
    expect(resourcesOf({ memory: 2 ** 26, memorySwap: -1, memoryReservation: 2 ** 25 })).toEqual({
      memory: { limit: 2 ** 26, swap: -1, reservation: 2 ** 25 },
    });
    expect(resourcesOf({ cpuShares: 512, cpuset: '0-2,4', cpusetMems: '0' })).toEqual({
      cpu: { shares: 512, cpus: '0-2,4', mems: '0' },
    });
  });

  it('makes CPUs a share of the period', () => {
    expect(resourcesOf({ cpus: 1.5 })).toEqual({ cpu: { quota: 150_000, period: 100_000 } });
    expect(resourcesOf({ cpus: 2, cpuPeriod: 50_000 })).toEqual({
      cpu: { quota: 100_000, period: 50_000 },
    });
    expect(resourcesOf({ cpuQuota: -1 })).toEqual({ cpu: { quota: -1 } });
  });
});

describe('mergedResources', () => {
  it('keeps single limits that are not named', () => {
    expect(
      mergedResources(
        { memory: { limit: 1, swap: 2 }, cpu: { shares: 3 }, pids: { limit: 4 } },
        { memory: { limit: 5 }, cpu: { cpus: '0' }, unified: { 'memory.high': '6' } },
      ),
    ).toEqual({
      memory: { limit: 5, swap: 2 },
      cpu: { shares: 3, cpus: '0' },
      pids: { limit: 4 },
      unified: { 'memory.high': '6' },
    });
  });

  it('refuses numbers that the runtime cannot read', () => {
    expect(() => mergedResources({}, { pids: { limit: 1.5 } })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'resources.pids.limit' }),
    );
  });
});

describe('limits in a spec', () => {
  it('add up, and leave the device rules alone', () => {
    const spec = defaultSpec({ namespace: 'ci', id: 'a' });
    const { resources } = compose(withMemory(2 ** 26), withCpus(1), withPids(9))(spec).linux;
    expect(resources).toEqual({
      devices: spec.linux.resources?.devices,
      memory: { limit: 2 ** 26 },
      cpu: { quota: 100_000, period: 100_000 },
      pids: { limit: 9 },
    });
  });

  it('allow a device once, by its node and its rule', () => {
    const fuse = { path: '/dev/fuse', type: 'c' as const, major: 10, minor: 229 };
    const pipe = { path: '/dev/pipe', type: 'p' as const, major: 0, minor: 0 };
    const spec = defaultSpec({ namespace: 'ci', id: 'a' });
    const { devices, resources } = compose(
      withDevices([fuse]),
      withDevices([fuse, pipe]),
    )(spec).linux;
    expect(devices).toEqual([fuse, pipe]);
    expect(resources?.devices?.slice(10)).toEqual([
      { allow: true, type: 'c', major: 10, minor: 229, access: 'rwm' },
    ]);
  });
});
