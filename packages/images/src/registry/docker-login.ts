import { randomUUID } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
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
 * that the file names, else in the file, which its owner alone may read when it is made here. What
 * else is in the file stays. Answers where it is: a path, or the name of a program.
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

/**
 * Nobody ever reads half of it, and nothing of it stays where it could not be written. A link to the
 * file stays one, and the file stays its owner's.
 */
async function writeConfig(path: string, config: Fields): Promise<void> {
  let draft = path;
  try {
    const target = await targetOf(path);
    draft = `${target}.${randomUUID()}`;
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const before = await stat(target).catch(() => undefined);
    await writeFile(draft, `${JSON.stringify(config, null, '\t')}\n`, { mode: 0o600 });
    if (before !== undefined) {
      // Another user's file may be written here, by root. Who is not root keeps it from the group of
      // his own, which is not the one that was to read it.
      const isAsBefore = await chown(draft, before.uid, before.gid).then(
        () => true,
        () => false,
      );
      await chmod(draft, before.mode & (isAsBefore ? 0o777 : 0o700));
    }
    await rename(draft, target);
  } catch (error) {
    if (draft !== path) await rm(draft, { force: true }).catch(() => {});
    throw new CtrdError('the credentials cannot be stored', {
      ...{ code: 'failed-precondition', reason: 'docker-config', subject: path, cause: error },
    });
  }
}

/** Where a path leads by links, also when there is nothing yet. Throws what `stat` does in a circle. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const link = await readlink(path).catch(() => undefined);
  return link === undefined ? path : await targetOf(resolve(dirname(path), link));
}
