import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CtrdError } from '@ctrd/core';

const run = promisify(execFile);

/** Pipes with names, in a folder of their own that only this user may enter. */
export interface FifoFolder {
  readonly path: string;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** The folder below the runtime folder in which each process has its pipes. */
export const fifoRoot = (runtimeDir: string): string => join(runtimeDir, 'fifo');

/**
 * Makes the pipes of a process. The folder's name says whose it is, and is random: an id
 * may come again at once.
 */
export async function makeFifos(
  runtimeDir: string,
  names: readonly ('stdin' | 'stdout' | 'stderr')[],
  ownerId: string,
): Promise<FifoFolder> {
  const root = fifoRoot(runtimeDir);
  await mkdir(root, { recursive: true, mode: 0o711 });
  const path = await mkdtemp(join(root, `${ownerId}-`));
  try {
    // Node has no mkfifo(3); one small program makes all of a process at once.
    if (names.length > 0) {
      const paths = names.map((name) => join(path, name));
      await run('mkfifo', ['-m', '0600', ...paths], { env: { ...process.env, LC_ALL: 'C' } });
    }
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw mkfifoFailure(error);
  }
  const of = (name: 'stdin' | 'stdout' | 'stderr') =>
    names.includes(name) ? join(path, name) : '';
  return { path, stdin: of('stdin'), stdout: of('stdout'), stderr: of('stderr') };
}

function mkfifoFailure(cause: unknown): CtrdError {
  const { code, stderr = '' } = cause as { code?: string | number; stderr?: string };
  if (code === 'ENOENT') {
    return new CtrdError('the program mkfifo (package coreutils), which makes pipes, is missing', {
      ...{ code: 'failed-precondition', reason: 'missing-program', cause },
    });
  }
  // A program has only words.
  const isFull = /No space left on device|Disk quota exceeded/.test(stderr);
  return new CtrdError(`pipes cannot be made: ${stderr.trim() || code}`, {
    ...{ code: isFull ? 'storage-full' : 'failed-precondition', reason: 'pipes', cause },
  });
}

/** The owner in the name of a folder that {@link makeFifos} made. */
export function ownerOfFifos(name: string): string | undefined {
  return /^(.+)-[A-Za-z0-9]{6}$/.exec(name)?.[1];
}

/** The folder of pipes that a process's paths are in, if it is one that {@link makeFifos} made. */
export function fifoFolderOf(runtimeDir: string, paths: readonly string[]): string | undefined {
  const folder = paths.filter((path) => path !== '').map(dirname)[0];
  return folder !== undefined && dirname(folder) === fifoRoot(runtimeDir) ? folder : undefined;
}

export async function removeFifos(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Opens a pipe's read end, at once and whether or not somebody writes. */
export function openForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/**
 * Opens a pipe's write end while nobody reads yet: a second descriptor reads until `release()` is
 * called, when the shim does. Without one, opening would fail with ENXIO; with only a descriptor of
 * both kinds, the end of the reader would never show.
 */
export function openForWriting(path: string): { readonly fd: number; release(): void } {
  const holder = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    let held = true;
    return {
      fd,
      release() {
        if (held) closeSync(holder);
        held = false;
      },
    };
  } catch (error) {
    closeSync(holder);
    throw error;
  }
}
