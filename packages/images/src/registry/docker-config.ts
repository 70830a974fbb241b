import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CtrdError } from '@ctrd/core';
import { askCredentialHelper } from './credential-helper.js';
import type { CredentialSource, Credentials } from './credentials.js';

/** The parts of Docker's `config.json` that say how to log in. */
interface DockerConfig {
  readonly auths?: Readonly<Record<string, DockerAuth>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

interface DockerAuth {
  /** `username:password` in base64. */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

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
    const helper = keys.map((key) => config.credHelpers?.[key]).find((name) => name !== undefined);
    const program = helper ?? config.credsStore;
    if (program !== undefined && program !== '') {
      for (const key of keys) {
        const found = await askCredentialHelper(program, key, signal);
        if (found !== undefined) return found;
      }
    }
    for (const key of keys) {
      const found = fromAuth(entryOf(config, key));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function defaultPath(): string {
  return join(process.env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
}

async function readConfig(path: string): Promise<DockerConfig> {
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
    const config: unknown = JSON.parse(text);
    if (typeof config === 'object' && config !== null) return config;
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
function entryOf({ auths = {} }: DockerConfig, key: string): DockerAuth | undefined {
  if (Object.hasOwn(auths, key)) return auths[key];
  const bare = (name: string) => name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const found = Object.keys(auths).find((name) => !key.includes('/') && bare(name) === key);
  return found === undefined ? undefined : auths[found];
}

function fromAuth(entry: DockerAuth | undefined): Credentials | undefined {
  if (entry === undefined) return undefined;
  const { auth = '', identitytoken, registrytoken } = entry;
  if (identitytoken) return { identityToken: identitytoken };
  if (registrytoken) return { registryToken: registrytoken };
  const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  const username = entry.username || decoded.slice(0, Math.max(colon, 0));
  const password = entry.password || (colon === -1 ? '' : decoded.slice(colon + 1));
  return username !== '' && password !== '' ? { username, password } : undefined;
}
