import type { ContainerInfo } from '@ctrd/client';
import type { Context, Run } from '../context.js';
import { isRunning } from '../find-container.js';
import { portsText, toldOf } from '../foreign.js';
import { familiar, isCalled } from '../options/image-names.js';
import { wrong } from '../options/wrong.js';
import { print } from '../output/print.js';
import type { Style } from '../output/style.js';
import type { Column } from '../output/table.js';
import { ago } from '../output/units.js';
import type { ContainerRow } from '../shapes.js';

interface PsFlags {
  readonly all?: true;
  readonly quiet?: true;
  readonly last?: number;
  readonly latest?: true;
  readonly filter?: readonly string[];
}

const columns: readonly Column<ContainerRow>[] = [
  { heading: 'CONTAINER', of: ({ id }) => (/^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id) },
  { heading: 'IMAGE', of: ({ image }) => familiar(image) || '-', shrinks: true },
  { heading: 'COMMAND', of: ({ command }) => command.join(' '), shrinks: true },
  { heading: 'CREATED', of: ({ createdAt }) => ago(createdAt), spare: true },
  { heading: 'STATUS', of: ({ status }) => status, style: ({ state }) => stateStyles[state] },
  { heading: 'PID', of: ({ pid }) => (pid === 0 ? '-' : String(pid)), spare: true },
  { heading: 'PORTS', of: ({ ports }) => portsText(ports) || '-', shrinks: true, spare: true },
  { heading: 'NAME', of: ({ name }) => name, shrinks: true },
];

const stateStyles: Readonly<Record<string, Style>> = {
  running: 'green',
  paused: 'yellow',
  unknown: 'red',
};

export const ps: Run<PsFlags> = async (_args, flags, context) => {
  const { all, quiet, latest, filter = [] } = flags;
  const last = latest === true ? 1 : flags.last;
  const { signal } = context;
  const { ours, daemons } = splitFilters(filter);
  const found = await context.client.listContainers({ filters: daemons, signal });
  // Somebody who asks for a state, or for the last ones, wants those that do not run as well.
  const everything = all === true || last !== undefined || ours.has('status');
  const shown = await Promise.all(
    found
      .filter((info) => everything || isRunning(info))
      .map((info) => containerRow(info, context)),
  );
  const matching = shown.filter((row) =>
    [...ours].every(([key, texts]) => matches(row, key, texts)),
  );
  const newest = matching.sort((one, other) => Number(other.createdAt) - Number(one.createdAt));
  const rows = newest.slice(0, last);
  if (quiet === true) process.stdout.write(rows.map(({ id }) => `${id}\n`).join(''));
  else print(context, rows, columns);
};

/** A container as `ps` tells of it. */
export async function containerRow(
  info: ContainerInfo,
  { namespace }: Pick<Context, 'namespace'>,
): Promise<ContainerRow> {
  const { id, image, args, pid, exit, createdAt, labels, runtime, snapshotter } = info;
  const { name, ports } = await toldOf(info, namespace);
  return {
    ...{ id, name, image, command: args, state: info.status, status: statusText(info), pid },
    ...{ exitCode: exit?.exitCode, exitedAt: exit?.exitedAt },
    ...{ createdAt, ports, labels, runtime, snapshotter },
  };
}

function statusText({ status, exit }: ContainerInfo): string {
  if (exit === undefined) return status === 'none' ? 'created' : status;
  return `exited (${exit.exitCode}${exit.lost === undefined ? '' : ', lost'}) ${ago(exit.exitedAt)}`;
}

/** docker's filters are looked at here, all others are containerd's. */
export function splitFilters(filters: readonly string[]): {
  readonly ours: ReadonlyMap<string, readonly string[]>;
  readonly daemons: readonly string[];
} {
  const ours = new Map<string, string[]>();
  const daemons: string[] = [];
  for (const filter of filters) {
    const [, key, value] = /^(id|name|status|label|ancestor|exited)=([^=~].*)$/.exec(filter) ?? [];
    if (key === undefined || value === undefined) {
      const [, other] = /^(\w+)=[^=~]/.exec(filter) ?? [];
      if (other !== undefined) throw wrong('--filter', filterForm, filter);
      daemons.push(filter);
    } else ours.set(key, [...(ours.get(key) ?? []), value]);
  }
  const states = ours.get('status') ?? [];
  const unknown = states.find((state) => !knownStates.includes(state));
  if (unknown !== undefined) {
    throw wrong('--filter', `status=STATE of ${knownStates.join(', ')}`, `status=${unknown}`);
  }
  return { ours, daemons };
}

const filterForm =
  'id=, name=, status=, label=, ancestor= or exited= with a value, or of containerd’s grammar (==, !=, ~=)';

const knownStates = ['created', 'running', 'paused', 'exited'];

/** Several values of a key: one must match, but all labels. */
function matches(row: ContainerRow, key: string, values: readonly string[]): boolean {
  if (key === 'label') return values.every((value) => hasLabel(row, value));
  return values.some((value) => {
    if (key === 'id') return row.id.startsWith(value);
    if (key === 'name') return row.name.includes(value);
    if (key === 'status') return stateOf(row) === value;
    if (key === 'exited') return row.exitCode === Number(value);
    return isCalled(row.image, value);
  });
}

function stateOf({ state, exitCode }: ContainerRow): string {
  if (exitCode !== undefined || state === 'stopped') return 'exited';
  return state === 'none' ? 'created' : state;
}

function hasLabel({ labels }: ContainerRow, text: string): boolean {
  const [key = '', value] = text.split(/=(.*)/s);
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
}
