import type { Run } from '../context.js';
import { ownVersion } from '../own-version.js';
import { json, print, printOne } from '../table.js';

export const version: Run = async (_args, _options, context) => {
  const daemon = await context.client.version({ signal: context.signal });
  printOne(context, { ctrd: ownVersion(), containerd: daemon.version, revision: daemon.revision });
};

export const plugins: Run = async (_args, _options, context) => {
  print(context, await context.client.plugins({ signal: context.signal }), [
    { heading: 'TYPE', of: ({ type }) => type },
    { heading: 'ID', of: ({ id }) => id },
    { heading: 'PLATFORMS', of: ({ platforms }) => platforms.join(',') || '-' },
    { heading: 'STATUS', of: ({ error }) => (error === undefined ? 'ok' : 'error') },
  ]);
};

export const events: Run<{ filter?: readonly string[]; allNamespaces?: true }> = async (
  _args,
  { filter, allNamespaces },
  { client, options, signal },
) => {
  for await (const event of client.events({ filters: filter, allNamespaces, signal })) {
    const { topic, namespace, timestamp, payload } = event;
    const line =
      options.output === 'json'
        ? json(event).replaceAll(/\n\s*/g, '')
        : `${timestamp.toISOString()} ${namespace} ${topic} ${json(payload ?? {}).replaceAll(/\n\s*/g, '')}`;
    process.stdout.write(`${line}\n`);
  }
};

export const namespaceList: Run = async (_args, _options, context) => {
  print(context, await context.client.listNamespaces({ signal: context.signal }), [
    { heading: 'NAME', of: ({ name }) => name },
    {
      heading: 'LABELS',
      of: ({ labels }) =>
        Object.entries(labels)
          .map((pair) => pair.join('='))
          .join(',') || '-',
    },
  ]);
};

export const namespaceCreate: Run = async ([name = ''], _options, { client, signal }) => {
  await client.createNamespace(name, { signal });
};

export const namespaceRemove: Run = async ([name = ''], _options, { client, signal }) => {
  await client.deleteNamespace(name, { signal });
};
