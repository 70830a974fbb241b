import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Run } from '../context.js';
import { forEach } from '../each.js';
import { print } from '../output/print.js';
import { ago, size } from '../output/units.js';
import type { BlobRow } from '../shapes.js';

export const contentList: Run<{ quiet?: true; filter?: readonly string[] }> = async (
  _args,
  { quiet, filter },
  context,
) => {
  const { client, signal } = context;
  const rows: BlobRow[] = [];
  for await (const blob of client.listContent({ filters: filter, signal })) {
    const { digest, size, createdAt, labels } = blob;
    rows.push({ digest, size, createdAt, labels });
  }
  if (quiet === true) process.stdout.write(rows.map(({ digest }) => `${digest}\n`).join(''));
  else
    print(context, rows, [
      { heading: 'DIGEST', of: ({ digest }) => digest, shrinks: true },
      { heading: 'SIZE', of: (row) => size(row.size) },
      { heading: 'CREATED', of: ({ createdAt }) => ago(createdAt) },
    ]);
};

export const contentGet: Run = async ([digest = ''], _options, { client, signal }) => {
  const bytes = Readable.from(client.readContent({ digest, signal }));
  await pipeline(bytes, process.stdout, { end: false });
};

export const contentRemove: Run = (digests, _options, { client, signal }) =>
  forEach(digests, async (digest) => {
    await client.deleteContent(digest, { signal });
    return digest;
  });
