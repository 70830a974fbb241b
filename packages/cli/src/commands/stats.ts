import type { ContainerStats } from '@ctrd/client';
import type { Run } from '../context.js';
import { print, size } from '../table.js';

type Row = ContainerStats & { readonly id: string };

export const stats: Run = async (ids, _options, context) => {
  const { client, signal } = context;
  const named =
    ids.length > 0
      ? ids
      : (await client.listContainers({ signal }))
          .filter(({ pid }) => pid !== 0)
          .map(({ id }) => id);
  const rows = await Promise.all(
    named.map(
      async (id): Promise<Row> => ({ id, ...(await client.containerStats(id, { signal })) }),
    ),
  );
  print(context, rows, [
    { heading: 'CONTAINER', of: ({ id }) => id },
    { heading: 'CPU TIME', of: ({ cpu }) => `${(Number(cpu.usage) / 1e9).toFixed(2)} s` },
    { heading: 'MEMORY', of: ({ memory }) => size(Number(memory.workingSet)) },
    { heading: 'LIMIT', of: ({ memory }) => limitText(memory.limit) },
    { heading: 'PIDS', of: ({ pids }) => String(pids.current) },
    { heading: 'READ', of: ({ io }) => size(Number(io.readBytes)) },
    { heading: 'WRITTEN', of: ({ io }) => size(Number(io.writtenBytes)) },
  ]);
};

/** Without a limit, the kernel answers the largest number of pages there is. */
function limitText(limit: bigint): string {
  return limit === 0n || limit > 1n << 60n ? '-' : size(Number(limit));
}
