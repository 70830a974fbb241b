import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CtrdError } from '@ctrd/client/core';
import { packTar } from 'modern-tar/fs';

/**
 * A file or a folder of this machine as a tar archive, in which it has a name of its own. Throws
 * `not-found`, `permission-denied` or `failed-precondition` with the path as the subject.
 */
export async function* localArchive(path: string, name: string): AsyncGenerator<Uint8Array> {
  const found = await stat(path).catch(() => undefined);
  const type = found?.isDirectory() === true ? ('directory' as const) : ('file' as const);
  const archive = packTar([{ source: resolve(path), target: name, type }]);
  // It packs ahead, and may fail while nobody waits for more of it.
  archive.on('error', () => {});
  try {
    yield* archive;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What a path that cannot be read is called. */
export function unreadable(path: string, error: unknown): CtrdError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new CtrdError(`${path} cannot be read: ${message}`, {
    ...{ code: meanings.get(code) ?? 'failed-precondition', subject: path, cause: error },
  });
}

const meanings = new Map([
  ['ENOENT', 'not-found'],
  ['ENOTDIR', 'not-found'],
  ['EACCES', 'permission-denied'],
  ['EPERM', 'permission-denied'],
] as const) as ReadonlyMap<string, 'not-found' | 'permission-denied'>;
