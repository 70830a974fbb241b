import { invalidArgument } from '@ctrd/client/core';
import type { LocalRun } from '../context.js';
import { askSecret, askText, secretFromInput } from '../login/ask.js';
import { removeLogin, storeLogin } from '../login/docker-config.js';

interface LoginFlags {
  readonly username?: string;
  readonly passwordStdin?: true;
}

/** The password is never an argument: every user of the machine could read it there. */
export const login: LocalRun<LoginFlags> = async ([host = 'docker.io'], flags, { signal }) => {
  const username = flags.username ?? (await askText('Username: ', signal));
  const password =
    flags.passwordStdin === true ? await secretFromInput() : await askSecret('Password: ', signal);
  if (username === '' || username.includes(':')) {
    throw invalidArgument('--username', 'be a name without a colon', username);
  }
  if (password === '') throw invalidArgument('password', 'not be empty');
  const where = await storeLogin(host, { username, password });
  process.stdout.write(`stored for ${host} in ${where}; it is used from the next pull on\n`);
};

export const logout: LocalRun = async ([host = 'docker.io']) => {
  const removed = await removeLogin(host);
  process.stdout.write(removed ? `logged out of ${host}\n` : `not logged in to ${host}\n`);
};
