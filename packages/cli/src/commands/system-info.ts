import type { DaemonRun, Run } from '../context.js';
import { isRunning } from '../find-container.js';
import { jsonLine } from '../output/json.js';
import { print, printOne } from '../output/print.js';
import { parseTemplate } from '../output/template.js';
import { ownVersion } from '../own-version.js';
import type { EventGapLine, EventLine, PluginRow, VersionShape } from '../shapes.js';

export const version: DaemonRun = async (_args, _options, context) => {
  const { version: containerd, revision } = await context.client.version({
    signal: context.signal,
  });
  printOne(context, { ctrd: ownVersion(), containerd, revision } satisfies VersionShape);
};

export const info: Run = async (_args, _options, context) => {
  const { client, signal, address, namespace } = context;
  const [daemon, server, plugins, namespaces, containers, images] = await Promise.all([
    client.version({ signal }),
    client.server({ signal }),
    client.plugins({ filters: ['type==io.containerd.snapshotter.v1'], signal }),
    client.listNamespaces({ signal }),
    client.listContainers({ signal }),
    client.listImages({ signal }),
  ]);
  printOne(context, {
    ctrd: ownVersion(),
    address: address ?? '/run/containerd/containerd.sock',
    namespace,
    containerd: daemon.version,
    uuid: server.uuid,
    pid: server.pid,
    snapshotters: plugins.filter(({ error }) => error === undefined).map(({ id }) => id),
    namespaces: namespaces.map(({ name }) => name),
    containers: containers.length,
    running: containers.filter(isRunning).length,
    images: images.length,
    deprecations: server.deprecations.map(({ message }) => message),
  });
};

export const plugins: DaemonRun<{ filter?: readonly string[] }> = async (
  _args,
  { filter },
  context,
) => {
  const found = await context.client.plugins({ filters: filter, signal: context.signal });
  const rows = found.map(
    ({ type, id, platforms, capabilities, error }): PluginRow => ({
      ...{ type, id, platforms, capabilities, error },
    }),
  );
  print(context, rows, [
    { heading: 'TYPE', of: ({ type }) => type },
    { heading: 'ID', of: ({ id }) => id },
    { heading: 'PLATFORMS', of: ({ platforms }) => platforms.join(',') || '-' },
    {
      heading: 'STATUS',
      of: ({ error }) => (error === undefined ? 'ok' : 'error'),
      style: ({ error }) => (error === undefined ? 'green' : 'yellow'),
    },
  ]);
};

export const events: DaemonRun<{ filter?: readonly string[]; allNamespaces?: true }> = async (
  _args,
  { filter, allNamespaces },
  { client, print: { output, template }, signal },
) => {
  const render = template === undefined ? undefined : parseTemplate(template);
  for await (const event of client.events({ filters: filter, allNamespaces, signal })) {
    if (event.kind === 'gap') {
      const { from, to } = event;
      const line: EventGapLine = { gap: { from, to } };
      const told = `ctrd: events between ${from.toISOString()} and ${to.toISOString()} are not known\n`;
      if (output === 'json') process.stdout.write(`${jsonLine(line)}\n`);
      else process.stderr.write(told);
      continue;
    }
    const { topic, namespace, timestamp, type, payload } = event;
    const line: EventLine = { timestamp, namespace, topic, type, payload: payload ?? null };
    const text =
      output === 'json'
        ? jsonLine(line)
        : `${timestamp.toISOString()} ${namespace} ${topic} ${jsonLine(payload ?? {})}`;
    process.stdout.write(`${render?.(line) ?? text}\n`);
  }
};
