import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CtrdError } from '@ctrd/client/core';
import { followed } from './host-file.js';

/** Where commands go, under a name. */
export interface NamedContext {
  readonly address?: string;
  readonly namespace?: string;
  readonly snapshotter?: string;
}

/** The configuration file: contexts, and which one is used when none is named. */
export interface ConfigFile {
  readonly current?: string;
  readonly contexts: Readonly<Record<string, NamedContext>>;
}

/** `CTRD_CONFIG`, then `$XDG_CONFIG_HOME/ctrd/config.json`, then `~/.config/ctrd/config.json`. */
export function configPath(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return env['CTRD_CONFIG'] || join(base, 'ctrd/config.json');
}

/** Reads it; a file that is not there has no contexts. Throws `invalid-argument` for a broken one. */
export async function readConfig(path = configPath()): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} };
    throw error;
  }
  return parseConfig(text, path);
}

export function parseConfig(text: string, path: string): ConfigFile {
  const broken = (problem: string) =>
    new CtrdError(`${path} ${problem}`, { code: 'invalid-argument', field: 'config' });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(`is no JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw broken('is no object');
  const { current, contexts = {} } = value;
  if (current !== undefined && typeof current !== 'string')
    throw broken('has a current of no text');
  if (!isObject(contexts)) throw broken('has contexts that are no object');
  for (const [name, context] of Object.entries(contexts)) {
    if (!isObject(context)) throw broken(`has a context ${name} that is no object`);
    const bad = Object.entries(context).find(
      ([key, entry]) =>
        !['address', 'namespace', 'snapshotter'].includes(key) || typeof entry !== 'string',
    );
    if (bad !== undefined) throw broken(`has a context ${name} with a wrong ${bad[0]}`);
  }
  const named = contexts as Record<string, NamedContext>;
  return current === undefined ? { contexts: named } : { current, contexts: named };
}

/** Writes it, so that nobody ever reads half of it. A link to it stays one. */
export async function writeConfig(config: ConfigFile, path = configPath()): Promise<void> {
  const target = await followed(path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const draft = `${target}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, target);
}

/** The context of a name; an unknown name is an error that lists those there are. */
export function contextNamed(config: ConfigFile, name: string): NamedContext {
  const found = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(config.contexts);
  const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  throw new CtrdError(`there is no context ${JSON.stringify(name)}; ${known}`, {
    code: 'not-found',
    subject: name,
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
