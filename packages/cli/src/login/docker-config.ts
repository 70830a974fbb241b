import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CtrdError } from '@ctrd/client/core';
import { eraseInHelper, storeInHelper } from './credential-helper.js';

/** Who somebody is at a registry. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

type Json = Readonly<Record<string, unknown>>;

/** `$DOCKER_CONFIG/config.json`, then `~/.docker/config.json`: where docker and nerdctl look as well. */
export function dockerConfigPath(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json');
}

/** The name of a registry in the file: Docker Hub has an address of its own there. */
export function registryKey(host: string): string {
  const bare = host.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const hub = ['docker.io', 'index.docker.io', 'registry-1.docker.io', ''];
  return hub.includes(bare) ? 'https://index.docker.io/v1/' : bare;
}

/** Stores a login: with the helper that the file names, else in the file itself. Answers where. */
export async function storeLogin(
  host: string,
  { username, password }: Login,
  path = dockerConfigPath(),
): Promise<string> {
  const key = registryKey(host);
  const config = await readJson(path);
  const helper = helperFor(config, key);
  if (helper !== undefined) {
    await storeInHelper(helper, { key, username, password });
    return `docker-credential-${helper}`;
  }
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  await writeJson(path, { ...config, auths: { ...objectIn(config, 'auths'), [key]: { auth } } });
  return path;
}

/** Removes a login from where it is. Answers whether there was one. */
export async function removeLogin(host: string, path = dockerConfigPath()): Promise<boolean> {
  const key = registryKey(host);
  const config = await readJson(path);
  const helper = helperFor(config, key);
  if (helper !== undefined) return await eraseInHelper(helper, key);
  const { [key]: found, ...auths } = objectIn(config, 'auths');
  if (found === undefined) return false;
  await writeJson(path, { ...config, auths });
  return true;
}

function helperFor(config: Json, key: string): string | undefined {
  const own = objectIn(config, 'credHelpers')[key];
  const name = own ?? config['credsStore'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** What else is in the file is other programs', and stays. */
async function readJson(path: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // The parser's message would show a part of the file.
  }
  throw new CtrdError('it is no JSON object; mend or remove it', {
    ...{ code: 'failed-precondition', reason: 'docker-config', subject: path },
  });
}

async function writeJson(path: string, value: Json): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(value, null, '\t')}\n`, { mode: 0o600 });
  // Nobody but its owner may read it, whatever it was.
  await chmod(draft, mode & 0o700);
  await rename(draft, path);
}

function objectIn(config: Json, key: string): Json {
  const value = config[key];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
