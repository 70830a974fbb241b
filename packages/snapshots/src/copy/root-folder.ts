import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink } from 'node:fs/promises';
import { CtrdError } from '@ctrd/core';

/** Names looked up for one path, those in its links included. Real paths have a dozen. */
const mostSteps = 1024;

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A name in a folder that is held open: `path` leads to it, whatever becomes of the folder's own path. */
export interface Place extends AsyncDisposable {
  readonly folder: FileHandle;
  /** Plain: no slash, not `..`. Empty for the folder itself. */
  readonly name: string;
  /** To be used without following a link at its end. */
  readonly path: string;
}

/**
 * Finds a path in a folder that stands for `/`: its links, and `..`, never lead out of it, also when
 * somebody renames folders meanwhile, since each is opened below the one before it and never through
 * a link. The last name may be one that is not there, and is not followed when it is a link.
 *
 * With `make`, folders that are missing are made. Throws `not-found` otherwise, and
 * `failed-precondition` when something on the way is no folder, or links lead nowhere.
 */
export async function findPlace(
  root: string,
  path: string,
  { make = false }: { make?: boolean } = {},
): Promise<Place> {
  const names = path.split('/').filter((part) => part !== '' && part !== '.');
  const last = names.at(-1);
  // A path that ends in `..` is a folder, which its name says nothing of.
  const name = last === undefined || last === '..' ? '' : last;
  const folder = await findFolder(root, name === '' ? names : names.slice(0, -1), make);
  return placeIn(folder, name);
}

/** The place of a folder's name; it owns the folder. */
function placeIn(folder: FileHandle, name: string): Place {
  const path = within(folder, name);
  return { folder, name, path, [Symbol.asyncDispose]: () => folder.close() };
}

/** A path to a name in an open folder. */
export const within = (folder: FileHandle, name: string): string =>
  name === '' ? `/proc/self/fd/${folder.fd}/.` : `/proc/self/fd/${folder.fd}/${name}`;

/** Opens a folder of an open folder; undefined for what is none, a link to one included. */
export async function openFolder(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, folderFlags);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR' || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

async function findFolder(root: string, path: readonly string[], make: boolean) {
  let pending = path;
  let at: readonly string[] = [];
  let folder = await open(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (let steps = 0; steps < mostSteps; steps += 1) {
      const [next, ...rest] = pending;
      if (next === undefined) return folder;
      pending = rest;
      const step = next === '..' ? { target: '..' } : await stepInto(folder, next, make);
      if ('target' in step) {
        // From the root again: what a folder's parent is now is not what it was on the way here.
        const up = step.target === '..' ? at.slice(0, -1) : at;
        const from = step.target.startsWith('/') ? [] : up;
        const more = step.target === '..' ? [] : step.target.split('/');
        pending = [...from, ...more.filter((part) => part !== '' && part !== '.'), ...pending];
        await folder.close();
        at = [];
        folder = await open(root, constants.O_RDONLY | constants.O_DIRECTORY);
        continue;
      }
      await folder.close();
      folder = step;
      at = [...at, next];
    }
    throw notLikeThis(path, 'is behind too many links');
  } catch (error) {
    await folder.close();
    throw told(error, path);
  }
}

async function stepInto(
  folder: FileHandle,
  name: string,
  make: boolean,
): Promise<FileHandle | { readonly target: string }> {
  const path = within(folder, name);
  if (make) {
    await mkdir(path, { mode: 0o755 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
  const opened = await openFolder(path);
  if (opened !== undefined) return opened;
  if ((await lstat(path)).isSymbolicLink()) return { target: await readlink(path) };
  throw notLikeThis([name], 'is not a folder');
}

function told(error: unknown, path: readonly string[]): unknown {
  if (codeOf(error) !== 'ENOENT') return error;
  return new CtrdError(`there is no folder /${path.join('/')}`, {
    ...{ code: 'not-found', reason: 'path', cause: error },
  });
}

function notLikeThis(path: readonly string[], why: string): CtrdError {
  return new CtrdError(`${path.join('/')} ${why}`, { code: 'failed-precondition', reason: 'path' });
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
