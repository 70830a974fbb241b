import { fromBinary } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type Metrics as Metrics1, MetricsSchema as Metrics1Schema } from '@ctrd/api/cgroups/v1';
import { type Metrics as Metrics2, MetricsSchema as Metrics2Schema } from '@ctrd/api/cgroups/v2';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { CtrdError, type Rpc } from '@ctrd/core';
import type { ContainerStats } from './container-stats.js';

/** What a task uses, or has used when it has ended; `undefined` when nobody says. */
export async function taskStats(
  rpc: Rpc,
  id: string,
  signal: AbortSignal,
): Promise<ContainerStats | undefined> {
  const { metrics } = await rpc.client(Tasks).metrics({ filters: [`id==${id}`] }, { signal });
  const [metric] = metrics;
  if (metric?.data === undefined) return undefined;
  const at = metric.timestamp ? timestampDate(metric.timestamp) : new Date();
  return statsOf(metric.data.typeUrl, metric.data.value, at);
}

/** Reads metrics of either kind, by the name of their message. */
export function statsOf(typeUrl: string, value: Uint8Array, at: Date): ContainerStats {
  const type = typeUrl.split('/').at(-1);
  if (type === Metrics1Schema.typeName) return fromV1(fromBinary(Metrics1Schema, value), at);
  if (type === Metrics2Schema.typeName) return fromV2(fromBinary(Metrics2Schema, value), at);
  throw new CtrdError(`metrics of an unknown kind: ${typeUrl}`, { code: 'unimplemented' });
}

function fromV1(
  { cpu, memory, pids, blkio, memoryOomControl }: Metrics1,
  at: Date,
): ContainerStats {
  const usage = memory?.usage?.usage ?? 0n;
  const bytes = (op: string) =>
    (blkio?.ioServiceBytesRecursive ?? [])
      .filter((entry) => entry.op.toLowerCase() === op)
      .reduce((sum, entry) => sum + entry.value, 0n);
  return {
    ...{ at, cgroup: 'v1' },
    cpu: {
      usage: cpu?.usage?.total ?? 0n,
      user: cpu?.usage?.user ?? 0n,
      system: cpu?.usage?.kernel ?? 0n,
      throttledPeriods: cpu?.throttling?.throttledPeriods ?? 0n,
    },
    memory: {
      usage,
      workingSet: atLeastZero(usage - (memory?.totalInactiveFile ?? 0n)),
      limit: memory?.usage?.limit ?? 0n,
      oomKills: memoryOomControl?.oomKill ?? 0n,
    },
    pids: { current: pids?.current ?? 0n, limit: pids?.limit ?? 0n },
    io: { readBytes: bytes('read'), writtenBytes: bytes('write') },
  };
}

const nanoseconds = 1000n;

function fromV2({ cpu, memory, pids, io, memoryEvents }: Metrics2, at: Date): ContainerStats {
  const usage = memory?.usage ?? 0n;
  const sum = (field: 'rbytes' | 'wbytes') =>
    (io?.usage ?? []).reduce((total, entry) => total + entry[field], 0n);
  return {
    ...{ at, cgroup: 'v2' },
    cpu: {
      usage: (cpu?.usageUsec ?? 0n) * nanoseconds,
      user: (cpu?.userUsec ?? 0n) * nanoseconds,
      system: (cpu?.systemUsec ?? 0n) * nanoseconds,
      throttledPeriods: cpu?.nrThrottled ?? 0n,
    },
    memory: {
      usage,
      workingSet: atLeastZero(usage - (memory?.inactiveFile ?? 0n)),
      limit: memory?.usageLimit ?? 0n,
      oomKills: memoryEvents?.oomKill ?? 0n,
    },
    pids: { current: pids?.current ?? 0n, limit: pids?.limit ?? 0n },
    io: { readBytes: sum('rbytes'), writtenBytes: sum('wbytes') },
  };
}

function atLeastZero(value: bigint): bigint {
  return value > 0n ? value : 0n;
}
