import { CtrdError, hasCode } from '@ctrd/core';
import { readRootfsFile } from './rootfs-file.js';
import type { SpecUser } from './runtime-spec.js';
import { numericUser, resolveUser } from './users.js';

/**
 * Resolves `user[:group]` with the files of a root file system. Numbers of both need none, and
 * nothing is read then. Where the files cannot be read, because the client is not root or the
 * snapshotter's mounts are no folders, the default user is 0:0 and any other must be numbers.
 *
 * @param text - empty for the default, root.
 * @param layers - see `layersOfMounts`.
 */
export async function resolveRootfsUser(
  text: string,
  layers: readonly string[] | undefined,
): Promise<SpecUser> {
  const numeric = numericUser(text);
  if (numeric !== undefined) return numeric;
  try {
    if (layers === undefined) throw unreadable();
    const [passwd, group] = await Promise.all([
      readRootfsFile(layers, '/etc/passwd'),
      readRootfsFile(layers, '/etc/group'),
    ]);
    return resolveUser(text, { passwd, group });
  } catch (error) {
    if (!hasCode(error, 'permission-denied', 'failed-precondition')) throw error;
    if (text === '' || text === '0') return { uid: 0, gid: 0, additionalGids: [0] };
    throw unreadable(error);
  }
}

function unreadable(cause?: unknown): CtrdError {
  return new CtrdError('users cannot be looked up in this root file system: give uid:gid', {
    ...{ code: 'failed-precondition', reason: 'rootfs', field: 'user' },
    cause,
  });
}
