import { mkdir, mkdtemp, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MountSpec } from '@ctrd/core';
import type { SnapshotMount } from '../snapshot-api.js';
import { mountedFolders, mountOn, unmount } from './mount-command.js';

/** Mounts on a new folder under `parent`; disposing unmounts and removes it. */
export async function mountTemporarily(
  parent: string,
  mounts: readonly MountSpec[],
  options: { readOnly: boolean; signal: AbortSignal },
): Promise<SnapshotMount> {
  await mkdir(parent, { recursive: true, mode: 0o711 });
  // The name says whose it is, so that a sweep can tell what a dead process left.
  const path = await mkdtemp(join(parent, `${process.pid}-${await startTime(process.pid)}-`));
  try {
    await mountOn(path, mounts, options);
  } catch (error) {
    await release(path);
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => release(path) };
}

/** Releases the folders of processes that are gone. */
export async function sweepMountFolders(
  parent: string,
  { signal }: { signal: AbortSignal },
): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of await folderNames(parent)) {
    signal.throwIfAborted();
    const [pid = '', started = ''] = name.split('-');
    if (!/^\d+$/.test(pid) || (await startTime(Number(pid))) === started) continue;
    const path = join(parent, name);
    await release(path);
    swept.push(path);
  }
  return swept;
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

/** Clock ticks since boot at which a process started; `0` when there is none. A pid is used again. */
async function startTime(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}
