import { invalidArgument } from '@ctrd/core';
import { checkInteger, checkText } from './check.js';
import type { LinuxResources, SpecChange } from './runtime-spec.js';

/** Shares of the CPUs. */
export interface CpuLimits {
  /** CPUs, such as 1.5; or else `cpuQuota`. */
  readonly cpus?: number | undefined;
  /** Relative weight, 2 to 262144; 1024 is the usual one. */
  readonly cpuShares?: number | undefined;
  /** Microseconds of CPU time in each period; -1 for no limit. */
  readonly cpuQuota?: number | undefined;
  /** Microseconds, 1000 to 1000000. Default: 100000. */
  readonly cpuPeriod?: number | undefined;
  /** The CPUs it may run on: `0-2,4`. */
  readonly cpuset?: string | undefined;
  /** The memory nodes it may use: `0,1`. */
  readonly cpusetMems?: string | undefined;
}

/** Limits as callers write them. */
export interface Limits extends CpuLimits {
  /** Bytes of memory, at least 6 MiB; -1 for no limit. */
  readonly memory?: number | undefined;
  /** Bytes of memory and swap together; -1 for no limit. Default: swap has no limit. */
  readonly memorySwap?: number | undefined;
  /** Bytes that it keeps when memory is short. */
  readonly memoryReservation?: number | undefined;
  /** Processes and threads; -1 for no limit. */
  readonly pids?: number | undefined;
}

/** Microseconds of the period in which CPU time is shared out: the kernel's default. */
const defaultPeriod = 100_000;

/** Docker's least too: with less, the runtime cannot start the program. */
const leastMemory = 6 * 1024 * 1024;

/**
 * Limits as the runtime reads them, for a spec or for an update; only what is given is in it.
 * Throws `invalid-argument` with the limit's name.
 */
export function resourcesOf(limits: Limits): LinuxResources {
  const memory = memoryOf(limits);
  const cpu = cpuOf(limits);
  const { pids } = limits;
  if (pids !== -1) checkInteger('pids', pids, { from: 1 });
  return {
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}

/** Sets resources in the runtime's own terms; those that are not given stay as they are. */
export function withResources(resources: LinuxResources): SpecChange {
  checkNumbers('resources', resources);
  return (spec) => ({
    ...spec,
    linux: { ...spec.linux, resources: mergedResources(spec.linux.resources ?? {}, resources) },
  });
}

/**
 * Resources with others set over them; single limits of memory and CPU stay. Throws
 * `invalid-argument` for numbers that are not whole.
 */
export function mergedResources(below: LinuxResources, above: LinuxResources): LinuxResources {
  checkNumbers('resources', above);
  return {
    ...below,
    ...above,
    ...(below.memory || above.memory ? { memory: { ...below.memory, ...above.memory } } : {}),
    ...(below.cpu || above.cpu ? { cpu: { ...below.cpu, ...above.cpu } } : {}),
    ...(below.unified || above.unified ? { unified: { ...below.unified, ...above.unified } } : {}),
  };
}

/** Limits memory, and memory and swap together: bytes, -1 for no limit. */
export const withMemory = (memory: number, memorySwap?: number): SpecChange =>
  withResources(resourcesOf({ memory, memorySwap }));

/** Limits CPU time: a number of CPUs, or the single limits. */
export const withCpus = (cpus: number | CpuLimits): SpecChange =>
  withResources(resourcesOf(typeof cpus === 'number' ? { cpus } : cpuOnly(cpus)));

/** Limits processes and threads; -1 for no limit. */
export const withPids = (pids: number): SpecChange => withResources(resourcesOf({ pids }));

/** The cgroup's path, or `slice:prefix:name` with the systemd driver. */
export function withCgroup(cgroupsPath: string): SpecChange {
  checkText('cgroup', cgroupsPath);
  if (cgroupsPath === '' || cgroupsPath.split('/').includes('..')) {
    throw invalidArgument('cgroup', 'be a path without `..`, or slice:prefix:name', cgroupsPath);
  }
  return (spec) => ({ ...spec, linux: { ...spec.linux, cgroupsPath } });
}

function memoryOf({ memory, memorySwap, memoryReservation }: Limits) {
  if (memory !== -1) checkInteger('memory', memory, { from: leastMemory });
  if (memorySwap !== -1) checkInteger('memorySwap', memorySwap, { from: Math.max(memory ?? 1, 1) });
  checkInteger('memoryReservation', memoryReservation, { from: 1 });
  return {
    ...(memory === undefined ? {} : { limit: memory }),
    ...(memoryReservation === undefined ? {} : { reservation: memoryReservation }),
    ...(memorySwap === undefined ? {} : { swap: memorySwap }),
  };
}

function cpuOf({ cpus, cpuShares, cpuQuota, cpuPeriod, cpuset, cpusetMems }: CpuLimits) {
  if (cpus !== undefined && cpuQuota !== undefined) {
    throw invalidArgument('cpuQuota', 'not be given together with cpus');
  }
  if (cpus !== undefined && !(cpus >= 0.01 && cpus <= 10_000)) {
    throw invalidArgument('cpus', 'be from 0.01 to 10000', cpus);
  }
  checkInteger('cpuShares', cpuShares, { from: 2, to: 262_144 });
  checkInteger('cpuPeriod', cpuPeriod, { from: 1000, to: 1_000_000 });
  if (cpuQuota !== -1) checkInteger('cpuQuota', cpuQuota, { from: 1000 });
  checkSet('cpuset', cpuset);
  checkSet('cpusetMems', cpusetMems);
  const period = cpuPeriod ?? (cpus === undefined ? undefined : defaultPeriod);
  const quota = cpus === undefined ? cpuQuota : Math.round(cpus * (period ?? defaultPeriod));
  return {
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(quota === undefined ? {} : { quota }),
    ...(period === undefined ? {} : { period }),
    ...(cpuset === undefined ? {} : { cpus: cpuset }),
    ...(cpusetMems === undefined ? {} : { mems: cpusetMems }),
  };
}

/** Keeps other limits out that an object of a wider type may have. */
function cpuOnly(limits: CpuLimits): CpuLimits {
  const { cpus, cpuShares, cpuQuota, cpuPeriod, cpuset, cpusetMems } = limits;
  return { cpus, cpuShares, cpuQuota, cpuPeriod, cpuset, cpusetMems };
}

function checkSet(field: string, set: string | undefined): void {
  if (set !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(set)) {
    throw invalidArgument(field, 'be a list such as 0-2,4', set);
  }
}

/** The runtime reads whole numbers alone, and calls a spec with others unreadable. */
function checkNumbers(field: string, value: unknown): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw invalidArgument(field, 'be a whole number', value);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) checkNumbers(`${field}.${name}`, part);
}
