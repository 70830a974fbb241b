import { mkdir, mkdtemp, readdir, realpath, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CtrdError, type MountSpec, throwIfAborted } from '@ctrd/core';
import type { SnapshotMount } from '../snapshot-api.js';
import { mountedFolders, mountOn, unmount } from './mount-command.js';
import { isAbandoned, ownerName } from './owner.js';

/** Mounts on a new folder under `parent`; disposing unmounts and removes it. */
export async function mountTemporarily(
  parent: string,
  mounts: readonly MountSpec[],
  options: { readOnly: boolean; signal: AbortSignal },
): Promise<SnapshotMount> {
  await mkdir(parent, { recursive: true, mode: 0o711 });
  // The name says whose it is, so that a sweep can tell what a dead process left. The kernel lists
  // mounts by their real path.
  const path = await mkdtemp(join(await realpath(parent), `${await ownerName()}-`));
  try {
    await mountOn(path, mounts, options);
  } catch (error) {
    await release(path);
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => release(path) };
}

/** Releases the folders of processes that are gone, also when one of them cannot be. */
export async function sweepMountFolders(
  parent: string,
  { signal }: { signal: AbortSignal },
): Promise<readonly string[]> {
  const swept: string[] = [];
  let failure: unknown;
  for (const name of await folderNames(parent)) {
    throwIfAborted(signal);
    if (!(await isAbandoned(name))) continue;
    const path = join(await realpath(parent), name);
    try {
      await release(path);
      swept.push(path);
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure === undefined) return swept;
  throw new CtrdError('a folder of a process that is gone cannot be unmounted', {
    code: 'internal',
    subject: parent,
    cause: failure,
  });
}

/** Unmounts everything on the folder, the last first, and removes it. May be called again. */
async function release(path: string): Promise<void> {
  const count = (await mountedFolders()).filter((folder) => folder === path).length;
  for (let index = 0; index < count; index += 1) await unmount(path);
  // Never a recursive removal: should it still be mounted, that would empty the snapshot.
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function folderNames(parent: string): Promise<readonly string[]> {
  try {
    return await readdir(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
