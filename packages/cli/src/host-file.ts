import { createWriteStream } from 'node:fs';
import { readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes a file of this machine, which is there only when it is whole. A link to it stays one; a
 * device or a pipe is written to, and stays what it is.
 */
export async function writeHostFile(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const target = await followed(path);
  const before = await stat(target).catch(() => undefined);
  if (before !== undefined && !before.isFile()) {
    await pipeline(Readable.from(bytes), createWriteStream(target), { signal });
    return;
  }
  const draft = `${target}.${process.pid}.part`;
  try {
    await pipeline(Readable.from(bytes), createWriteStream(draft), { signal });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** What a path leads to, also where there is nothing yet. */
export async function followed(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const next = await readlink(path).catch(() => undefined);
    if (next === undefined) return resolve(path);
    return await followed(resolve(await realpath(dirname(path)), next));
  }
}
