import { constants } from 'node:fs';
import {
  type FileHandle,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  symlink,
  unlink,
} from 'node:fs/promises';
import { CtrdError } from '@ctrd/core';
import type { TarHeader } from 'modern-tar';
import { codeOf, findPlace, openFolder, type Place } from './root-folder.js';
import { badArchive, tarEntries } from './tar-entries.js';

/**
 * Unpacks a tar archive into a folder below a root; the folder is made when it is not there. Files
 * and links replace what has their name, folders are merged. Nothing is written outside of the root,
 * whatever links there are in it, or the archive brings along. Owners, modes and times are the
 * archive's.
 *
 * Throws `invalid-argument` (field `source`) for what is no tar archive, and for one with absolute
 * names, with `..`, or with devices and pipes. What was unpacked by then stays.
 */
export async function unpack(
  root: string,
  path: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const times: { readonly place: string; readonly mtime: Date }[] = [];
  for await (const { header, body } of tarEntries(source, signal)) {
    await using place = await placeOf(root, path, header.name);
    await unpackEntry(root, path, place, header, body);
    if (header.type === 'directory' && header.mtime !== undefined) {
      times.push({ place: header.name, mtime: header.mtime });
    }
  }
  // In the end, since what is put into a folder changes its time.
  for (const { place: name, mtime } of times.reverse()) {
    await using place = await placeOf(root, path, name);
    await lutimes(place.path, mtime, mtime);
  }
}

/** Where an entry goes. Its own links are followed within the root, its last name is not. */
function placeOf(root: string, path: string, name: string): Promise<Place> {
  return findPlace(root, `${path}/${checkedName(name)}`, { make: true });
}

function checkedName(name: string): string {
  const parts = name.split('/');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw badArchive(`has the name ${JSON.stringify(name)}, which leads out of its folder`);
  }
  return name;
}

async function unpackEntry(
  root: string,
  path: string,
  { path: place, name }: Place,
  header: TarHeader,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { type = 'file', linkname = '' } = header;
  if (type === 'directory') {
    if (name !== '') await makeFolder(place);
    await dressFolder(place, header);
    return;
  }
  if (name === '') throw badArchive(`has a ${type} without a name`);
  if (type === 'file') {
    await makeRoom(place);
    await writeFile(place, header, body);
  } else if (type === 'symlink') {
    await makeRoom(place);
    await symlink(linkname, place);
    await own(place, header);
    if (header.mtime !== undefined) await lutimes(place, header.mtime, header.mtime);
  } else if (type === 'link') {
    await using target = await placeOf(root, path, linkname);
    // Of a file alone: a link of a link would be one to wherever that leads.
    if (!(await lstat(target.path)).isFile())
      throw badArchive(`has a link to ${linkname}, no file`);
    await makeRoom(place);
    await link(target.path, place);
  } else
    throw badArchive(`has the ${type} ${header.name}; only files, folders and links are copied`);
}

async function makeFolder(place: string): Promise<void> {
  try {
    await mkdir(place, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if ((await lstat(place)).isDirectory()) return;
    await unlink(place);
    await mkdir(place, { mode: 0o700 });
  }
}

/** By its descriptor: whoever puts a link in its place meanwhile does not lead us elsewhere. */
async function dressFolder(place: string, header: TarHeader): Promise<void> {
  const folder = await openFolder(place);
  if (folder === undefined) return;
  try {
    await folder.chown(header.uid ?? 0, header.gid ?? 0);
    await folder.chmod(modeOf(header, 0o755));
  } finally {
    await folder.close();
  }
}

/** Removes what has the name, unless it is a folder, which is never removed with what is in it. */
async function makeRoom(place: string): Promise<void> {
  try {
    await unlink(place);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    if (codeOf(error) !== 'EISDIR') throw error;
    throw new CtrdError('a file cannot take the place of a folder', {
      ...{ code: 'failed-precondition', reason: 'path', cause: error },
    });
  }
}

async function writeFile(
  place: string,
  header: TarHeader,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for await (const chunk of body) await writeAll(file, chunk);
    // The mode after the owner, whose change takes special bits away.
    await file.chown(header.uid ?? 0, header.gid ?? 0);
    await file.chmod(modeOf(header, 0o644));
    if (header.mtime !== undefined) await file.utimes(header.mtime, header.mtime);
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let rest = chunk; rest.byteLength > 0; ) {
    const { bytesWritten } = await file.write(rest);
    rest = rest.subarray(bytesWritten);
  }
}

const own = (place: string, { uid = 0, gid = 0 }: TarHeader) => lchown(place, uid, gid);

const modeOf = ({ mode }: TarHeader, otherwise: number) => (mode ?? otherwise) & 0o7777;
