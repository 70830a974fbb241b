import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type CallControl, CtrdError, mergeSignals } from '@ctrd/core';
import { createKeyedLock } from '../content/keyed-lock.js';
import { eraseInHelper, storeInHelper } from './credential-helper.js';
import { checkCredentials } from './credentials.js';
import {
  dockerConfigPath,
  type Fields,
  fieldsOf,
  helperOf,
  isNameOf,
  keysOf,
  readConfig,
} from './docker-config.js';

/** Who somebody is at a registry. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Options of {@link storeLogin} and {@link removeLogin}. */
export interface LoginOptions extends CallControl {
  /** Default: `$DOCKER_CONFIG/config.json`, then `~/.docker/config.json`. */
  readonly path?: string | undefined;
}

/** One at a time changes a file: each writes back what it has read. */
const files = createKeyedLock();

/**
 * Stores a login as `docker login` does, where {@link dockerCredentials} finds it: with the helper
 * that the file names, else in the file, which its owner alone may read. What else is in the file
 * stays. Answers where it is: a path, or the name of a program.
 *
 * Throws `invalid-argument` for a login that cannot be, `failed-precondition` with the reason
 * `docker-config` or `credential-helper`.
 */
export async function storeLogin(
  host: string,
  login: Login,
  { path = dockerConfigPath(), ...control }: LoginOptions = {},
): Promise<string> {
  checkCredentials(login);
  using merged = mergeSignals(control);
  const { signal } = merged;
  return await files.run(resolve(path), signal, async () => {
    const config = await readConfig(path);
    const keys = keysOf(host);
    const [key = host] = keys;
    const helper = helperOf(config, keys);
    if (helper !== '') {
      await storeInHelper(helper, key, login, signal);
      return `docker-credential-${helper}`;
    }
    const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
    const auths = { ...fieldsOf(config['auths']), [key]: { auth } };
    await writeConfig(path, { ...config, auths });
    return path;
  });
}

/**
 * Removes a login from where it is, by all names that {@link dockerCredentials} takes for the host's,
 * whether there is one or not. Throws as {@link storeLogin}.
 */
export async function removeLogin(
  host: string,
  { path = dockerConfigPath(), ...control }: LoginOptions = {},
): Promise<void> {
  using merged = mergeSignals(control);
  const { signal } = merged;
  await files.run(resolve(path), signal, async () => {
    const config = await readConfig(path);
    const keys = keysOf(host);
    const helper = helperOf(config, keys);
    if (helper !== '') {
      for (const key of keys) await eraseInHelper(helper, key, signal);
    }
    const auths = Object.entries(fieldsOf(config['auths']));
    const others = auths.filter(([name]) => !keys.some((key) => isNameOf(key, name)));
    if (others.length < auths.length) {
      await writeConfig(path, { ...config, auths: Object.fromEntries(others) });
    }
  });
}

/** Nobody ever reads half of it, and nothing of it stays where it could not be written. */
async function writeConfig(path: string, config: Fields): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const mode = await stat(path).then(
      (found) => found.mode & 0o700,
      () => 0o600,
    );
    await writeFile(draft, `${JSON.stringify(config, null, '\t')}\n`, { mode: 0o600 });
    await chmod(draft, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw new CtrdError('the credentials cannot be stored', {
      ...{ code: 'failed-precondition', reason: 'docker-config', subject: path, cause: error },
    });
  }
}
