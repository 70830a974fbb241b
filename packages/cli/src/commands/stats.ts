import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerStats } from '@ctrd/client';
import { hasCode } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { findContainer, isRunning } from '../find-container.js';
import { toldOf } from '../foreign.js';
import { jsonLine } from '../output/json.js';
import { print, rendered } from '../output/print.js';
import type { Column } from '../output/table.js';
import { size } from '../output/units.js';
import type { StatsRow } from '../shapes.js';

interface StatsFlags {
  /** `--no-stream` makes it false. */
  readonly stream: boolean;
  readonly interval: number;
}

const columns: readonly Column<StatsRow>[] = [
  { heading: 'CONTAINER', of: ({ name }) => name },
  {
    heading: 'CPU',
    of: ({ cpuPercent }) => (cpuPercent === undefined ? '-' : `${cpuPercent.toFixed(1)} %`),
  },
  { heading: 'CPU TIME', of: ({ cpuSeconds }) => `${cpuSeconds.toFixed(2)} s`, spare: true },
  { heading: 'MEMORY', of: ({ memory }) => size(memory) },
  {
    heading: 'LIMIT',
    of: ({ memoryLimit }) => (memoryLimit === undefined ? '-' : size(memoryLimit)),
  },
  { heading: 'PIDS', of: ({ pids }) => String(pids) },
  { heading: 'READ', of: ({ readBytes }) => size(readBytes), spare: true },
  { heading: 'WRITTEN', of: ({ writtenBytes }) => size(writtenBytes), spare: true },
];

/** Live on a terminal, once into a pipe; `--stream` and `--no-stream` say it otherwise. */
export const stats: Run<StatsFlags> = async (references, flags, context) => {
  const { signal, print: how } = context;
  const look = createLook(references, context);
  const live = flags.stream && (process.stdout.isTTY || how.output === 'json');
  let rows = await look();
  if (!live || how.template !== undefined) {
    print(context, rows, columns);
    return;
  }
  for (;;) {
    if (how.output === 'json') process.stdout.write(`${jsonLine(rows)}\n`);
    // The screen's top, the table, and nothing of the one before below it.
    else process.stdout.write(`\u001b[H\u001b[2J${rendered(rows, columns, how)}`);
    try {
      await sleep(flags.interval, undefined, { signal });
    } catch {
      return;
    }
    rows = await look();
  }
};

/** Looks at the containers; from the second time on, the share of the CPU since the look before is known. */
function createLook(references: readonly string[], context: Context) {
  const { client, namespace, signal } = context;
  const before = new Map<string, ContainerStats>();
  return async (): Promise<readonly StatsRow[]> => {
    const infos =
      references.length > 0
        ? await Promise.all(references.map((reference) => findContainer(context, reference)))
        : (await client.listContainers({ signal })).filter(isRunning);
    const rows = await Promise.all(
      infos.map(async (info) => {
        try {
          const now = await client.containerStats(info.id, { signal });
          const last = before.get(info.id);
          before.set(info.id, now);
          return statsRow(info.id, (await toldOf(info, namespace)).name, now, last);
        } catch (error) {
          // One of all that ended meanwhile; one that was asked for is missed.
          if (references.length === 0 && hasCode(error, 'not-found')) return undefined;
          throw error;
        }
      }),
    );
    return rows.filter((row) => row !== undefined);
  };
}

export function statsRow(
  id: string,
  name: string,
  { at, cpu, memory, pids, io }: ContainerStats,
  before: Pick<ContainerStats, 'at' | 'cpu'> | undefined,
): StatsRow {
  const elapsedMs = before === undefined ? 0 : at.getTime() - before.at.getTime();
  const usedMs = before === undefined ? 0 : Number(cpu.usage - before.cpu.usage) / 1e6;
  return {
    id,
    name,
    cpuPercent: elapsedMs > 0 ? (usedMs / elapsedMs) * 100 : undefined,
    cpuSeconds: Number(cpu.usage) / 1e9,
    memory: Number(memory.workingSet),
    // Without a limit, the kernel answers the largest number of pages there is.
    memoryLimit: memory.limit === 0n || memory.limit > 1n << 60n ? undefined : Number(memory.limit),
    pids: Number(pids.current),
    readBytes: Number(io.readBytes),
    writtenBytes: Number(io.writtenBytes),
  };
}
