import { mkdir, mkdtemp, readdir, realpath, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MountSpec, Owner } from '@ctrd/core';
import type { SnapshotMount } from '../snapshot-api.js';
import { mountedOn, mountOn, unmount } from './mount-command.js';
import { sharedMounts } from './shared-mounts.js';

/** Mounts on a new folder under `parent`; disposing unmounts and removes it. */
export async function mountTemporarily(
  parent: string,
  mounts: readonly MountSpec[],
  options: { owner: Owner; readOnly: boolean; signal: AbortSignal },
): Promise<SnapshotMount> {
  await mkdir(parent, { recursive: true, mode: 0o711 });
  // The name says whose it is, so that a sweep can tell what a dead process left. The kernel lists
  // mounts by their real path.
  const path = await mkdtemp(join(await realpath(parent), `${options.owner.id}-`));
  try {
    await mountOn(path, sharedMounts(mounts, await mountedOn()), options);
  } catch (error) {
    await release(path);
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => release(path) };
}

/** A folder that something was mounted on, with the id of its owner. */
export interface MountFolder {
  readonly path: string;
  readonly ownerId: string;
}

/** The folders that {@link mountTemporarily} made below a folder, of all owners. */
export async function mountFolders(parent: string): Promise<readonly MountFolder[]> {
  const names = await folderNames(parent);
  if (names.length === 0) return [];
  const root = await realpath(parent);
  return names
    .filter((name) => random.test(name))
    .map((name) => ({ path: join(root, name), ownerId: name.replace(random, '') }));
}

/** What mkdtemp(3) adds to a name. */
const random = /-[A-Za-z0-9]{6}$/;

/** Unmounts everything on the folder, the last first, and removes it. May be called again. */
export async function release(path: string): Promise<void> {
  const count = (await mountedOn()).filter(({ folder }) => folder === path).length;
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
