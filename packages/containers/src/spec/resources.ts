import { invalidArgument } from '@ctrd/core';
import type { LinuxResources, SpecChange } from './runtime-spec.js';

/** Limits as callers write them. */
export interface Limits {
  /** Bytes of memory. */
  readonly memory?: number | undefined;
  /** Bytes of memory and swap together; -1 for no limit. Default: twice the memory on cgroup v1. */
  readonly memorySwap?: number | undefined;
  /** CPUs, such as 1.5. */
  readonly cpus?: number | undefined;
  /** Relative weight; 1024 is the usual one. */
  readonly cpuShares?: number | undefined;
  /** The CPUs it may run on: `0-2,4`. */
  readonly cpuset?: string | undefined;
  /** Processes and threads; -1 for no limit. */
  readonly pids?: number | undefined;
}

/** Microseconds of the period in which CPU time is shared out: the kernel's default. */
const periodMicroseconds = 100_000;

/** runc's least: with less, a container cannot start. */
const leastMemory = 6 * 1024 * 1024;

/** Limits as the runtime reads them; only what is given is in it. Throws `invalid-argument`. */
export function resourcesOf(limits: Limits): LinuxResources {
  const { memory, memorySwap, cpus, cpuShares, cpuset, pids } = limits;
  check(
    'memory',
    memory,
    (value) => Number.isInteger(value) && value >= leastMemory,
    'be at least 6 MiB in bytes',
  );
  check(
    'memorySwap',
    memorySwap,
    (value) => value === -1 || (Number.isInteger(value) && value >= (memory ?? 1)),
    'be -1, or bytes not below memory',
  );
  check('cpus', cpus, (value) => value >= 0.01 && value <= 10_000, 'be at least 0.01');
  check(
    'cpuShares',
    cpuShares,
    (value) => Number.isInteger(value) && value >= 2 && value <= 262_144,
    'be from 2 to 262144',
  );
  check(
    'pids',
    pids,
    (value) => Number.isInteger(value) && (value === -1 || value > 0),
    'be -1 or above 0',
  );
  if (cpuset !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(cpuset)) {
    throw invalidArgument('cpuset', 'be a list such as 0-2,4', cpuset);
  }
  const cpu = {
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(cpus === undefined
      ? {}
      : { quota: Math.round(cpus * periodMicroseconds), period: periodMicroseconds }),
    ...(cpuset === undefined ? {} : { cpus: cpuset }),
  };
  const bytes = {
    ...(memory === undefined ? {} : { limit: memory }),
    ...(memorySwap === undefined ? {} : { swap: memorySwap }),
  };
  return {
    ...(Object.keys(bytes).length > 0 ? { memory: bytes } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}

/** Sets limits; those that are not given stay as they are. */
export function withResources(resources: LinuxResources): SpecChange {
  return (spec) => ({
    ...spec,
    linux: { ...spec.linux, resources: mergedResources(spec.linux.resources ?? {}, resources) },
  });
}

export const withMemory = (memory: number, memorySwap?: number): SpecChange =>
  withResources(resourcesOf({ memory, memorySwap }));

export const withCpus = (cpus: number): SpecChange => withResources(resourcesOf({ cpus }));

export const withPids = (pids: number): SpecChange => withResources(resourcesOf({ pids }));

/** The cgroup's path, or `slice:prefix:name` with the systemd driver. */
export function withCgroup(cgroupsPath: string): SpecChange {
  return (spec) => ({ ...spec, linux: { ...spec.linux, cgroupsPath } });
}

function mergedResources(below: LinuxResources, above: LinuxResources): LinuxResources {
  return {
    ...below,
    ...above,
    ...(below.memory || above.memory ? { memory: { ...below.memory, ...above.memory } } : {}),
    ...(below.cpu || above.cpu ? { cpu: { ...below.cpu, ...above.cpu } } : {}),
  };
}

function check(
  field: string,
  value: number | undefined,
  holds: (value: number) => boolean,
  rule: string,
): void {
  if (value !== undefined && !(Number.isFinite(value) && holds(value))) {
    throw invalidArgument(field, rule, value);
  }
}
