import type { SnapshotTree } from '@ctrd/client';
import type { Run } from '../context.js';
import { forEach } from '../each.js';
import { json } from '../output/json.js';
import { print, printOne } from '../output/print.js';
import { ago, size } from '../output/units.js';
import type { SnapshotRow } from '../shapes.js';

export const snapshotList: Run<{ quiet?: true; filter?: readonly string[] }> = async (
  _args,
  { quiet, filter },
  context,
) => {
  const rows: SnapshotRow[] = [];
  const { client, signal } = context;
  for await (const info of client.walkSnapshots({ filters: filter, signal })) {
    const { key, parent, kind, snapshotter, createdAt, labels } = info;
    rows.push({ key, parent, kind, snapshotter, createdAt, labels });
  }
  if (quiet === true) process.stdout.write(rows.map(({ key }) => `${key}\n`).join(''));
  else
    print(context, rows, [
      { heading: 'KEY', of: ({ key }) => key, shrinks: true },
      { heading: 'PARENT', of: ({ parent }) => parent || '-', shrinks: true },
      { heading: 'KIND', of: ({ kind }) => kind },
      { heading: 'CREATED', of: ({ createdAt }) => ago(createdAt) },
    ]);
};

export const tree: Run = async (_args, _options, { client, print: { output }, signal }) => {
  const roots = await client.snapshotTree({ signal });
  process.stdout.write(output === 'json' ? `${json(roots)}\n` : drawn(roots, ''));
};

export const mounts: Run = async ([key = ''], _options, context) => {
  print(context, await context.client.getMounts(key, { signal: context.signal }), [
    { heading: 'TYPE', of: ({ type }) => type },
    { heading: 'SOURCE', of: ({ source }) => source },
    { heading: 'OPTIONS', of: ({ options }) => options.join(',') },
  ]);
};

export const usage: Run<{ withParents?: true }> = async ([key = ''], { withParents }, context) => {
  const { client, signal, print: how } = context;
  const found = await client.getSnapshotUsage(key, { withParents, signal });
  const forPeople = how.output === 'table' && how.template === undefined;
  printOne(context, forPeople ? { ...found, size: size(found.size) } : found);
};

export const remove: Run<{ force?: true }> = (keys, { force }, { client, signal }) =>
  forEach(keys, async (key) => {
    await client.removeSnapshot(key, { force, signal });
    return key;
  });

function drawn(trees: readonly SnapshotTree[], indent: string): string {
  return trees
    .map(
      ({ snapshot, children }) =>
        `${indent}${snapshot.key} (${snapshot.kind})\n${drawn(children, `${indent}  `)}`,
    )
    .join('');
}
