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
export function dockerCredentials(path: string = defaultPath()): CredentialSource {
  return async (host, { signal }) => {
    const config = await readConfig(path);
    const keys = keysOf(host);
    const helpers = fieldsOf(config['credHelpers']);
    const helper = keys.map((key) => textOf(helpers[key])).find((name) => name !== '');
    const program = helper ?? textOf(config['credsStore']);
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

function defaultPath(): string {
  return join(process.env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
}

async function readConfig(path: string): Promise<Fields> {
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

/** Docker Hub has an address of its own in the file. */
function keysOf(host: string): readonly string[] {
  const hub = ['docker.io', 'registry-1.docker.io', 'index.docker.io'];
  return hub.includes(host) ? ['https://index.docker.io/v1/', ...hub] : [host];
}

/** Some clients store hosts with a scheme and a path. */
function entryOf(auths: Fields, key: string): Fields | undefined {
  const bare = (name: string) => name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const names = Object.keys(auths);
  const found = names.includes(key)
    ? key
    : names.find((name) => !key.includes('/') && bare(name) === key);
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

type Fields = Readonly<Record<string, unknown>>;

/** An object's fields; of anything else none, so that a file of another shape says nothing. */
function fieldsOf(value: unknown): Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? { __proto__: null, ...value } : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
