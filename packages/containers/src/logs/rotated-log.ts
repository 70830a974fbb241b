import { type FileHandle, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CtrdError, throwIfAborted, toCtrdError } from '@ctrd/core';
import {
  chunkBytes,
  type FilePart,
  growingFile,
  isNamed,
  lastLines,
  openLog,
} from './growing-file.js';

/** A file that a rotation has put aside. */
interface Aside {
  readonly file: FileHandle;
  readonly name: string;
  readonly packed: boolean;
}

/**
 * Reads a log with what rotations have put aside (`a.log.2.gz`, `a.log.1`), the oldest first, and
 * then as {@link growingFile} does. With `skipBytes`, only the file itself.
 */
export async function* rotatedLog(path: string, part: FilePart): AsyncGenerator<Buffer, void> {
  if (part.skipBytes !== undefined) {
    yield* growingFile(path, part);
    return;
  }
  const { current, aside } = await openAll(path);
  try {
    for (const { skip, ...one } of await wantedOf(aside, current, part)) {
      yield* withoutLines(one, skip, part.signal);
    }
    yield* growingFile(path, { ...part, file: current });
  } finally {
    await closeAll(current, aside);
  }
}

/** All files of a log at one moment; the oldest first. */
async function openAll(path: string): Promise<{ current: FileHandle; aside: readonly Aside[] }> {
  for (;;) {
    const current = await openLog(path);
    const aside: Aside[] = [];
    let isWhole = false;
    try {
      for (const name of await namesAside(path)) {
        const file = await openLog(name).catch(() => undefined);
        if (file === undefined) continue;
        if ((await file.stat()).isFile()) aside.push({ file, name, packed: name.endsWith('.gz') });
        else await file.close();
      }
      // A rotation renames them all: one may have been opened twice, and another not at all.
      isWhole = await isNamed(path, current);
      if (isWhole) return { current, aside };
    } finally {
      if (!isWhole) await closeAll(current, aside);
    }
  }
}

async function closeAll(current: FileHandle, aside: readonly Aside[]): Promise<void> {
  for (const file of [current, ...aside.map(({ file }) => file)]) await file.close();
}

async function namesAside(path: string): Promise<readonly string[]> {
  const byNumber = new Map<number, string>();
  for (const name of (await readdir(dirname(path))).sort()) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const [, number] = /^(\d{1,6})(\.gz)?$/.exec(name.slice(basename(path).length + 1)) ?? [];
    // While it is being packed, there are both; the plain one, which comes first, is whole.
    if (number === undefined || byNumber.has(Number(number))) continue;
    byNumber.set(Number(number), join(dirname(path), name));
  }
  return [...byNumber].sort(([a], [b]) => b - a).map(([, name]) => name);
}

/** Which of them have something of the last lines, and how many lines of it are left out. */
async function wantedOf(
  aside: readonly Aside[],
  current: FileHandle,
  { tail, signal }: Pick<FilePart, 'tail' | 'signal'>,
): Promise<readonly (Aside & { readonly skip: number })[]> {
  if (aside.length === 0) return [];
  if (tail === undefined) return aside.map((one) => ({ ...one, skip: 0 }));
  let { missing } = await lastLines(current, tail);
  const wanted: (Aside & { skip: number })[] = [];
  for (const one of [...aside].reverse()) {
    if (missing <= 0) break;
    const lines = await linesIn(one, signal);
    wanted.unshift({ ...one, skip: Math.max(0, lines - missing) });
    missing -= lines;
  }
  return wanted;
}

/** A last line without its end is a line. */
async function linesIn(one: Aside, signal: AbortSignal): Promise<number> {
  let [lines, last] = [0, lineBreak];
  for await (const chunk of bytesOf(one)) {
    throwIfAborted(signal);
    for (let at = chunk.indexOf(lineBreak); at >= 0; at = chunk.indexOf(lineBreak, at + 1)) {
      lines += 1;
    }
    last = chunk.at(-1) ?? last;
  }
  return last === lineBreak ? lines : lines + 1;
}

async function* withoutLines(
  one: Aside,
  skip: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  let left = skip;
  for await (const chunk of bytesOf(one)) {
    throwIfAborted(signal);
    let start = 0;
    for (; left > 0; left -= 1) {
      const at = chunk.indexOf(lineBreak, start);
      if (at < 0) break;
      start = at + 1;
    }
    if (left === 0 && start < chunk.length) yield chunk.subarray(start);
  }
}

const lineBreak = 0x0a;

async function* bytesOf({ file, name, packed }: Aside): AsyncGenerator<Buffer, void> {
  if (!packed) {
    yield* rawBytesOf(file);
    return;
  }
  const raw = Readable.from(rawBytesOf(file));
  const unpacked = createGunzip();
  raw.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
  try {
    yield* unpacked;
  } catch (cause) {
    throw new CtrdError(`a packed log cannot be read: ${toCtrdError(cause).rawMessage}`, {
      ...{ code: 'data-loss', reason: 'log', subject: name, cause },
    });
  } finally {
    raw.destroy();
  }
}

/** A stream of the file would close it. */
async function* rawBytesOf(file: FileHandle): AsyncGenerator<Buffer, void> {
  for (let position = 0; ; ) {
    const buffer = Buffer.alloc(chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
