import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CtrdError } from '@ctrd/core';
import { askCredentialHelper } from './credential-helper.js';
import type { CredentialSource, Credentials } from './credentials.js';

/**
 * What `docker login` has stored: the host's own helper, then the store, then the file itself. The
 * file is read at each call, so that a login shows at once; without a file there is no answer.
 *
 * @param path - default: `$DOCKER_CONFIG/config.json`, then `~/.docker/config.json`.
 */
export function dockerCredentials(path: string = dockerConfigPath()): CredentialSource {
  return async (host, { signal }) => {
    const config = await readConfig(path);
    const keys = keysOf(host);
    const program = helperOf(config, keys);
    if (program !== '') {
      for (const key of keys) {
        const found = await askCredentialHelper(program, key, signal);
        if (found !== undefined) return found;
      }
    }
    for (const key of keys) {
      const found = fromAuth(entryOf(fieldsOf(config['auths']), key));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Where docker and nerdctl look as well. */
export function dockerConfigPath(): string {
  return join(process.env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
}

/** The helper that has a host's login: its own, then the one for all. Empty: the file has it. */
export function helperOf(config: Fields, keys: readonly string[]): string {
  const helpers = fieldsOf(config['credHelpers']);
  const own = keys.map((key) => textOf(helpers[key])).find((name) => name !== '');
  return own ?? textOf(config['credsStore']);
}

export async function readConfig(path: string): Promise<Fields> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new CtrdError('the stored credentials cannot be read', {
      ...{ code: 'failed-precondition', reason: 'docker-config', subject: path, cause: error },
    });
  }
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // The parser's message would show a part of the file.
  }
  throw new CtrdError('the stored credentials are not JSON', {
    ...{ code: 'failed-precondition', reason: 'docker-config', subject: path },
  });
}

/** A host's names in the file, the one by which it is stored first: Docker Hub has an address of its own. */
export function keysOf(host: string): readonly string[] {
  const hub = ['docker.io', 'registry-1.docker.io', 'index.docker.io'];
  return hub.includes(host) ? ['https://index.docker.io/v1/', ...hub] : [host];
}

/** Whether a name in the file is a host's: some clients store it with a scheme and a path. */
export function isNameOf(key: string, name: string): boolean {
  const bare = () => name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return name === key || (!key.includes('/') && bare() === key);
}

function entryOf(auths: Fields, key: string): Fields | undefined {
  const names = Object.keys(auths);
  const found = names.includes(key) ? key : names.find((name) => isNameOf(key, name));
  return found === undefined ? undefined : fieldsOf(auths[found]);
}

function fromAuth(entry: Fields | undefined): Credentials | undefined {
  if (entry === undefined) return undefined;
  const text = (name: string) => textOf(entry[name]);
  if (text('identitytoken') !== '') return { identityToken: text('identitytoken') };
  if (text('registrytoken') !== '') return { registryToken: text('registrytoken') };
  // `username:password` in base64, from some clients with zeros after it.
  const decoded = Buffer.from(text('auth'), 'base64').toString('utf8').replace(/\0+$/, '');
  const [, user = '', secret = ''] = /^([^:]*):(.*)$/s.exec(decoded) ?? [];
  const username = text('username') || user;
  const password = text('password') || secret;
  return username !== '' && password !== '' ? { username, password } : undefined;
}

export type Fields = Readonly<Record<string, unknown>>;

/** An object's fields; of anything else none, so that a file of another shape says nothing. */
export function fieldsOf(value: unknown): Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? { __proto__: null, ...value } : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
