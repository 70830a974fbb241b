import type { DaemonRun } from '../context.js';
import { forEach } from '../each.js';
import { parsePairs } from '../options/resources.js';
import { print } from '../output/print.js';
import { ago } from '../output/units.js';
import type { LeaseRow, NamespaceRow } from '../shapes.js';

const labelsText = ({ labels }: { labels: Readonly<Record<string, string>> }): string =>
  Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(',') || '-';

export const namespaceList: DaemonRun<{ quiet?: true }> = async (_args, { quiet }, context) => {
  const found = await context.client.listNamespaces({ signal: context.signal });
  const rows = found.map(({ name, labels }): NamespaceRow => ({ name, labels }));
  if (quiet === true) process.stdout.write(rows.map(({ name }) => `${name}\n`).join(''));
  else
    print(context, rows, [
      { heading: 'NAME', of: ({ name }) => name },
      { heading: 'LABELS', of: labelsText, shrinks: true },
    ]);
};

export const namespaceCreate: DaemonRun<{ label?: readonly string[] }> = async (
  [name = ''],
  { label },
  { client, signal },
) => {
  await client.createNamespace(name, { labels: parsePairs(label, '--label'), signal });
  process.stdout.write(`${name}\n`);
};

export const namespaceRemove: DaemonRun<{ purge?: true }> = (
  names,
  { purge },
  { client, signal },
) =>
  forEach(names, async (name) => {
    if (purge === true) await client.purgeNamespace(name, { signal });
    else await client.deleteNamespace(name, { signal });
    return name;
  });

/** The daemon's label for when a lease ends. */
const expireLabel = 'containerd.io/gc.expire';

export const leaseList: DaemonRun<{ quiet?: true; filter?: readonly string[] }> = async (
  _args,
  { quiet, filter },
  context,
) => {
  const found = await context.client.listLeases({ filters: filter, signal: context.signal });
  const rows = found.map(({ id, createdAt, labels }): LeaseRow => {
    const expires = labels[expireLabel];
    return { id, createdAt, expiresAt: expires ? new Date(expires) : undefined, labels };
  });
  if (quiet === true) process.stdout.write(rows.map(({ id }) => `${id}\n`).join(''));
  else
    print(context, rows, [
      { heading: 'ID', of: ({ id }) => id },
      { heading: 'CREATED', of: ({ createdAt }) => ago(createdAt) },
      { heading: 'EXPIRES', of: ({ expiresAt }) => expiresAt?.toISOString() ?? '-' },
      { heading: 'LABELS', of: labelsText, shrinks: true },
    ]);
};

export const leaseCreate: DaemonRun<{ expires?: number; label?: readonly string[] }> = async (
  [id],
  { expires, label },
  { client, signal },
) => {
  const labels = parsePairs(label, '--label');
  const made = await client.createLease({ id, labels, expiresInMs: expires, signal });
  process.stdout.write(`${made}\n`);
};

export const leaseRemove: DaemonRun<{ sync?: true }> = (ids, { sync }, { client, signal }) =>
  forEach(ids, async (id) => {
    await client.deleteLease(id, { sync, signal });
    return id;
  });
