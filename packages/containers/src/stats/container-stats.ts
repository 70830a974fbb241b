import { type CallControl, CtrdError, type Running } from '@ctrd/core';
import type { ContainerParts } from '../lifecycle/parts.js';
import { onTask } from '../lifecycle/tasks.js';
import { checkId } from '../lifecycle/validate.js';
import { taskStats } from './task-stats.js';

/** What a container uses, the same for both kinds of cgroups. */
export interface ContainerStats {
  readonly at: Date;
  readonly cgroup: 'v1' | 'v2';
  readonly cpu: {
    /** Nanoseconds of CPU time so far. */
    readonly usage: bigint;
    readonly user: bigint;
    readonly system: bigint;
    /** Periods in which it had to wait for its quota. */
    readonly throttledPeriods: bigint;
  };
  readonly memory: {
    /** Bytes, the page cache included. */
    readonly usage: bigint;
    /** Bytes without the part of the page cache that can go at once: what tools show. */
    readonly workingSet: bigint;
    /** Bytes; a very large number for no limit. */
    readonly limit: bigint;
    /** How often the kernel killed a process because all together took more than the limit. */
    readonly oomKills: bigint;
  };
  readonly pids: { readonly current: bigint; readonly limit: bigint };
  readonly io: { readonly readBytes: bigint; readonly writtenBytes: bigint };
}

export async function containerStats(
  { rpc }: ContainerParts,
  id: string,
  { signal }: Running<CallControl>,
): Promise<ContainerStats> {
  checkId(id);
  const stats = await onTask(rpc, { containerId: id }, signal, () => taskStats(rpc, id, signal));
  if (stats !== undefined) return stats;
  throw new CtrdError('its runtime does not tell what it uses', { code: 'unimplemented' });
}
