import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import { CtrdError } from '@ctrd/core';

/** What one layer has at a path: `absent` leaves it to the layers below, `covered` hides theirs. */
export type LayerEntry =
  | { readonly kind: 'absent' | 'covered' | 'folder' | 'other' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly text: string };

/** A file of users has no business being larger. */
const largestFile = 10 * 1024 * 1024;

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY;

/** Without waiting for the other end of a FIFO that was put there in the meantime. */
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Looks a path of plain names up in one layer. Each folder is opened below the one before it, by its
 * descriptor and never through a link, so that renames during the walk cannot lead it elsewhere.
 */
export async function entryOf(
  layer: string,
  path: readonly string[],
  readFile: boolean,
): Promise<LayerEntry> {
  const root = await quietly(open(layer, folderFlags), layer);
  if (root === undefined) return { kind: 'absent' };
  let folder = root;
  try {
    for (const [index, name] of path.entries()) {
      const place = `/proc/self/fd/${folder.fd}/${name}`;
      const stats = await quietly(lstat(place), layer);
      if (stats === undefined) return { kind: 'absent' };
      if (isWhiteout(stats)) return { kind: 'covered' };
      if (index === path.length - 1) return await entryAt(place, stats, readFile);
      // A file or a link in an upper layer hides a lower layer's folder of that name.
      if (!stats.isDirectory()) return { kind: 'covered' };
      const next = await quietly(open(place, folderFlags | constants.O_NOFOLLOW), layer);
      if (next === undefined) return { kind: 'absent' };
      await folder.close();
      folder = next;
    }
    return { kind: 'folder' };
  } finally {
    await folder.close();
  }
}

async function entryAt(place: string, stats: Stats, readFile: boolean): Promise<LayerEntry> {
  if (stats.isDirectory()) return { kind: 'folder' };
  if (stats.isSymbolicLink()) return { kind: 'link', target: await readlink(place) };
  if (!stats.isFile() || !readFile) return { kind: 'other' };
  const file = await quietly(open(place, fileFlags), place);
  if (file === undefined) return { kind: 'absent' };
  try {
    return (await file.stat()).isFile()
      ? { kind: 'file', text: await contentOf(file) }
      : { kind: 'other' };
  } finally {
    await file.close();
  }
}

/** Reads up to the limit, whatever the size was said to be: the file may be growing. */
async function contentOf(file: FileHandle): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(64 * 1024) });
    if (bytesRead === 0) return Buffer.concat(chunks, size).toString('utf8');
    size += bytesRead;
    if (size > largestFile) {
      throw new CtrdError(`a file of users in the image is larger than ${largestFile} bytes`, {
        code: 'too-large',
      });
    }
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/** How a layer marks what it removed. */
function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

const absentCodes: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

/** `undefined` for what is not there; what is there and cannot be read must not pass for that. */
async function quietly<T>(made: Promise<T>, subject: string): Promise<T | undefined> {
  try {
    return await made;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (absentCodes.includes(code)) return undefined;
    const isDenied = code === 'EACCES' || code === 'EPERM';
    throw new CtrdError('the root file system cannot be read', {
      code: isDenied ? 'permission-denied' : 'unknown',
      ...{ subject, cause },
    });
  }
}
