import type { SnapshotInfo, SnapshotTree } from '@ctrd/client';
import type { Run } from '../context.js';
import { ago, json, print, printOne } from '../table.js';

export const snapshotList: Run = async (_args, _options, context) => {
  const all: SnapshotInfo[] = [];
  for await (const info of context.client.walkSnapshots({ signal: context.signal })) all.push(info);
  print(context, all, [
    { heading: 'KEY', of: ({ key }) => key },
    { heading: 'PARENT', of: ({ parent }) => parent || '-' },
    { heading: 'KIND', of: ({ kind }) => kind },
    { heading: 'CREATED', of: ({ createdAt }) => ago(createdAt) },
  ]);
};

export const tree: Run = async (_args, _options, { client, options, signal }) => {
  const roots = await client.snapshotTree({ signal });
  process.stdout.write(options.output === 'json' ? `${json(roots)}\n` : drawn(roots, ''));
};

export const mounts: Run = async ([key = ''], _options, context) => {
  print(context, await context.client.getMounts(key, { signal: context.signal }), [
    { heading: 'TYPE', of: ({ type }) => type },
    { heading: 'SOURCE', of: ({ source }) => source },
    { heading: 'OPTIONS', of: ({ options }) => options.join(',') },
  ]);
};

export const usage: Run = async ([key = ''], _options, context) => {
  printOne(context, await context.client.getSnapshotUsage(key, { signal: context.signal }));
};

export const remove: Run<{ force?: true }> = async ([key = ''], { force }, { client, signal }) => {
  await client.removeSnapshot(key, { force, signal });
};

function drawn(trees: readonly SnapshotTree[], indent: string): string {
  return trees
    .map(
      ({ snapshot, children }) =>
        `${indent}${snapshot.key} (${snapshot.kind})\n${drawn(children, `${indent}  `)}`,
    )
    .join('');
}
