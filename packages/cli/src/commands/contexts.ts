import { CtrdError } from '@ctrd/client/core';
import { configPath, contextNamed, readConfig, writeConfig } from '../config-file.js';
import type { LocalRun } from '../context.js';
import { print } from '../output/print.js';

export const contextList: LocalRun = async (_args, _options, context) => {
  const { current, contexts } = await readConfig();
  const rows = Object.entries(contexts).map(([name, entry]) => ({
    ...{ name, current: name === current },
    ...entry,
  }));
  print(context, rows, [
    { heading: 'NAME', of: ({ name, current }) => (current ? `${name} *` : name) },
    { heading: 'ADDRESS', of: ({ address }) => address ?? '-' },
    { heading: 'NAMESPACE', of: ({ namespace }) => namespace ?? '-' },
    { heading: 'SNAPSHOTTER', of: ({ snapshotter }) => snapshotter ?? '-' },
  ]);
};

interface ContextFlags {
  readonly address?: string;
  readonly namespace?: string;
  readonly snapshotter?: string;
}

export const contextCreate: LocalRun<ContextFlags> = async ([name = ''], flags) => {
  const { address, namespace, snapshotter } = flags;
  const config = await readConfig();
  if (Object.hasOwn(config.contexts, name)) {
    throw new CtrdError(`there is a context ${JSON.stringify(name)} already`, {
      code: 'already-exists',
      subject: name,
    });
  }
  const entry = Object.entries({ address, namespace, snapshotter });
  const made = Object.fromEntries(entry.filter(([, value]) => value !== undefined));
  await writeConfig({ ...config, contexts: { ...config.contexts, [name]: made } });
  process.stdout.write(`${name}\n`);
};

export const contextUse: LocalRun = async ([name = '']) => {
  const config = await readConfig();
  contextNamed(config, name);
  await writeConfig({ ...config, current: name });
  process.stdout.write(`${name} (${configPath()})\n`);
};

export const contextRemove: LocalRun = async ([name = '']) => {
  const { current, contexts } = await readConfig();
  contextNamed({ contexts }, name);
  const { [name]: _gone, ...rest } = contexts;
  const kept = current === undefined || current === name ? {} : { current };
  await writeConfig({ ...kept, contexts: rest });
  process.stdout.write(`${name}\n`);
};
