import { checkLogin, removeLogin, storeLogin } from '@ctrd/client';
import { hasCode, invalidArgument } from '@ctrd/client/core';
import type { LocalRun } from '../context.js';
import { askSecret, askText, secretFromInput } from '../login/ask.js';

interface LoginFlags {
  readonly username?: string;
  readonly passwordStdin?: true;
}

/** The password is never an argument: every user of the machine could read it there. */
export const login: LocalRun<LoginFlags> = async ([given], flags, { signal, exit }) => {
  const host = registryOf(given);
  const username = flags.username ?? (await askText('Username: ', signal));
  const password =
    flags.passwordStdin === true ? await secretFromInput() : await askSecret('Password: ', signal);
  if (username === '' || username.includes(':')) {
    throw invalidArgument('--username', 'be a name without a colon', username);
  }
  if (password === '') throw invalidArgument('password', 'not be empty');
  try {
    await checkLogin(host, { username, password }, { signal });
  } catch (error) {
    if (!hasCode(error, 'unauthenticated', 'permission-denied')) throw error;
    process.stderr.write(`ctrd: ${host} does not take this name and password; nothing is stored\n`);
    exit(1);
    return;
  }
  const where = await storeLogin(host, { username, password }, { signal });
  process.stdout.write(`logged in to ${host}; stored in ${where}\n`);
};

export const logout: LocalRun = async ([given], _options, { signal }) => {
  const host = registryOf(given);
  await removeLogin(host, { signal });
  process.stdout.write(`logged out of ${host}\n`);
};

/** People paste addresses: `https://registry.example/v2/`. */
export function registryOf(given = ''): string {
  const host = given.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return ['', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}
