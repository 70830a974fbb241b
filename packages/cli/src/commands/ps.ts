import type { ContainerInfo } from '@ctrd/client';
import type { Run } from '../context.js';
import { ago, type Column, json, print } from '../table.js';

interface PsFlags {
  readonly all?: true;
  readonly quiet?: true;
  readonly filter?: readonly string[];
}

const columns: readonly Column<ContainerInfo>[] = [
  { heading: 'CONTAINER', of: ({ id, labels }) => labels['nerdctl/name'] ?? id },
  { heading: 'IMAGE', of: ({ image }) => image || '-' },
  { heading: 'COMMAND', of: ({ args }) => shortened(args.join(' ')) },
  { heading: 'CREATED', of: ({ createdAt }) => ago(createdAt) },
  { heading: 'STATUS', of: statusText },
  { heading: 'PID', of: ({ pid }) => (pid === 0 ? '-' : String(pid)) },
];

export const ps: Run<PsFlags> = async (_args, flags, context) => {
  const { signal } = context;
  const found = await context.client.listContainers({ filters: flags.filter, signal });
  const shown = flags.all === true ? found : found.filter(({ pid }) => pid !== 0);
  if (flags.quiet === true) process.stdout.write(shown.map(({ id }) => `${id}\n`).join(''));
  else print(context, shown, columns);
};

export const inspect: Run = async (ids, _options, { client, signal }) => {
  const found = await Promise.all(ids.map((id) => client.getContainer(id, { signal })));
  process.stdout.write(`${json(found)}\n`);
};

export const top: Run = async ([id = ''], _options, context) => {
  const processes = await context.client.containerPIDs(id, { signal: context.signal });
  print(context, processes, [
    { heading: 'PID', of: ({ pid }) => String(pid) },
    { heading: 'EXEC', of: ({ execId }) => execId || '-' },
  ]);
};

function statusText({ status, exit }: ContainerInfo): string {
  if (exit === undefined) return status === 'none' ? 'created' : status;
  return `exited (${exit.exitCode}${exit.lost === undefined ? '' : ', lost'}) ${ago(exit.exitedAt)}`;
}

function shortened(text: string): string {
  return text.length > 30 ? `${text.slice(0, 29)}…` : text;
}
