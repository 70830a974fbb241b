import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { CtrdError } from '@ctrd/core';

/** What a daemon is started with. */
export interface Programs {
  readonly containerd: string;
  /** The PATH in which it finds its shims and runc. */
  readonly searchPath: string;
}

/**
 * Finds containerd and makes sure of its shim and runc. Throws `failed-precondition` with reason
 * `missing-program` that says what to install, or `permission-denied` for a user who is not root.
 */
export async function findPrograms(options: {
  containerd?: string | undefined;
  path?: readonly string[] | undefined;
}): Promise<Programs> {
  if (process.getuid?.() !== 0) {
    throw new CtrdError('a private containerd needs root: run as root, or use a daemon that runs', {
      code: 'permission-denied',
      reason: 'not-root',
    });
  }
  const folders = [
    ...(options.path ?? []),
    // The shim of the same version lies beside it.
    ...(options.containerd === undefined ? [] : [dirname(options.containerd)]),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  // A service's PATH often lacks the folder in which Debian has runc.
  if (!folders.includes('/usr/sbin')) folders.push('/usr/sbin');
  const containerd = options.containerd ?? (await find('containerd', folders));
  if (!(await isProgram(containerd))) throw missing(containerd);
  await find('containerd-shim-runc-v2', folders);
  await find('runc', folders);
  return { containerd, searchPath: folders.filter((folder) => folder !== '').join(delimiter) };
}

async function find(name: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder !== '' && (await isProgram(path))) return path;
  }
  throw missing(name);
}

async function isProgram(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function missing(name: string): CtrdError {
  return new CtrdError(
    `the program ${name} is not there; install containerd and runc (Debian: apt-get install containerd runc)`,
    { code: 'failed-precondition', reason: 'missing-program', subject: name },
  );
}
