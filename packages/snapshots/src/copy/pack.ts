import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { CtrdError, throwIfAborted } from '@ctrd/core';
import { createTarPacker, type TarHeader } from 'modern-tar';
import { codeOf, findPlace, openFolder, within } from './root-folder.js';

/** Folders in folders; each is held open while what is in it is read. */
const deepest = 200;

const chunkBytes = 256 * 1024;

interface Item {
  readonly header: TarHeader;
  readonly body: AsyncIterable<Uint8Array> | readonly Uint8Array[];
}

/**
 * A file or folder below a root, with all that is in it, as a tar archive: files, folders, symbolic
 * and hard links, with their owners, modes and times. Pipes, sockets and devices are left out. Names
 * in the archive begin with the last name of the path. Throws `not-found`.
 */
export async function* packed(
  root: string,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const reader = readable.getReader();
  const pack = async () => {
    try {
      for await (const { header, body } of itemsAt(root, path)) {
        throwIfAborted(signal);
        const writer = controller.add(header).getWriter();
        writer.closed.catch(() => {});
        for await (const chunk of body) await writer.write(chunk);
        await writer.close();
      }
      controller.finalize();
    } catch (error) {
      controller.error(error);
    }
  };
  const packing = pack();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done === true) return;
      throwIfAborted(signal);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
    await packing;
  }
}

async function* itemsAt(root: string, path: string): AsyncGenerator<Item> {
  await using place = await findPlace(root, path);
  const links = new Map<string, string>();
  const name = place.name === '' ? basename(path).replace(/^\.{0,2}$/, '.') : place.name;
  try {
    yield* itemsOf(place.path, name, links, 0);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new CtrdError(`there is no ${path}`, {
      ...{ code: 'not-found', reason: 'path', cause: error },
    });
  }
}

async function* itemsOf(
  path: string,
  name: string,
  links: Map<string, string>,
  depth: number,
): AsyncGenerator<Item> {
  const stats = await lstat(path);
  if (stats.isDirectory()) yield* folderItems(path, name, links, depth);
  else if (stats.isSymbolicLink()) {
    const linkname = await readlink(path);
    yield { header: { ...headerOf(name, 'symlink', stats), linkname }, body: [] };
  } else if (stats.isFile()) yield* fileItem(path, name, links);
}

async function* folderItems(
  path: string,
  name: string,
  links: Map<string, string>,
  depth: number,
): AsyncGenerator<Item> {
  if (depth > deepest) {
    throw new CtrdError(`${name} has more than ${deepest} folders in each other`, {
      code: 'too-large',
    });
  }
  const folder = await openFolder(path);
  if (folder === undefined) return;
  try {
    yield { header: headerOf(`${name}/`, 'directory', await folder.stat()), body: [] };
    for (const child of await readdir(within(folder, ''))) {
      try {
        yield* itemsOf(within(folder, child), `${name}/${child}`, links, depth + 1);
      } catch (error) {
        // Somebody is at work in it: what is gone by now is not in the archive.
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
  } finally {
    await folder.close();
  }
}

async function* fileItem(
  path: string,
  name: string,
  links: Map<string, string>,
): AsyncGenerator<Item> {
  // Without waiting for the other end of a pipe that was put there in the meantime.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return;
    const key = `${stats.dev}:${stats.ino}`;
    const first = stats.nlink > 1 ? links.get(key) : undefined;
    if (first !== undefined) {
      yield { header: { ...headerOf(name, 'link', stats), linkname: first }, body: [] };
      return;
    }
    if (stats.nlink > 1) links.set(key, name);
    const header = { ...headerOf(name, 'file', stats), size: stats.size };
    yield { header, body: bytesOf(file, stats.size) };
  } finally {
    await file.close();
  }
}

/** As many bytes as the header has said, whatever the file has become: cut, or filled with zeros. */
async function* bytesOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; ) {
    const length = Math.min(left, chunkBytes);
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(length), length });
    const chunk = bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead);
    left -= chunk.byteLength;
    yield chunk;
  }
}

function headerOf(name: string, type: NonNullable<TarHeader['type']>, stats: Stats): TarHeader {
  const { uid, gid, mode, mtime } = stats;
  return { name, type, uid, gid, mtime, mode: mode & 0o7777, size: 0 };
}
