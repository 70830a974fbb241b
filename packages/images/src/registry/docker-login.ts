import { chmod, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CallControl, mergeSignals } from '@ctrd/core';
import { eraseInHelper, storeInHelper } from './credential-helper.js';
import { checkCredentials } from './credentials.js';
import {
  dockerConfigPath,
  type Fields,
  fieldsOf,
  helperOf,
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
  const config = await readConfig(path);
  const keys = keysOf(host);
  const [key = host] = keys;
  const helper = helperOf(config, keys);
  if (helper !== '') {
    await storeInHelper(helper, key, login, merged.signal);
    return `docker-credential-${helper}`;
  }
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  await writeConfig(path, { ...config, auths: { ...fieldsOf(config['auths']), [key]: { auth } } });
  return path;
}

/** Removes a login from where it is, whether there is one or not. Throws as {@link storeLogin}. */
export async function removeLogin(
  host: string,
  { path = dockerConfigPath(), ...control }: LoginOptions = {},
): Promise<void> {
  using merged = mergeSignals(control);
  const config = await readConfig(path);
  const keys = keysOf(host);
  const helper = helperOf(config, keys);
  if (helper !== '') {
    for (const key of keys) await eraseInHelper(helper, key, merged.signal);
  }
  const auths = Object.entries(fieldsOf(config['auths']));
  const others = auths.filter(([key]) => !keys.includes(key));
  if (others.length < auths.length) {
    await writeConfig(path, { ...config, auths: Object.fromEntries(others) });
  }
}

/** Nobody ever reads half of it. */
async function writeConfig(path: string, config: Fields): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mode = await stat(path).then(
    (found) => found.mode & 0o700,
    () => 0o600,
  );
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(config, null, '\t')}\n`, { mode: 0o600 });
  await chmod(draft, mode);
  await rename(draft, path);
}
