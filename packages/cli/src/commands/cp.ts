import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hasCode, invalidArgument } from '@ctrd/client/core';
import { unpackTar } from 'modern-tar/fs';
import type { Context, Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { followed } from '../host-file.js';
import { localArchive, unreadable } from '../local-archive.js';
import { type CopyEnd, parseCopyEnd, withFirstName } from '../options/copy-end.js';

/** Copies between a container and here; `-` is a tar archive, as for docker. */
export const cp: Run = async ([source = '', target = ''], _options, context) => {
  const [from, to] = [parseCopyEnd(source), parseCopyEnd(target)];
  if ((from.container === undefined) === (to.container === undefined)) {
    throw invalidArgument('source and target', 'be one path here and one CONTAINER:PATH');
  }
  if (from.container !== undefined) await copyOut(from, target, context);
  else await copyIn(source, to, context);
};

async function copyOut(
  { container: reference = '', path }: CopyEnd,
  target: string,
  context: Context,
): Promise<void> {
  const { client, signal } = context;
  const place = target === '-' ? undefined : await placeFor(target);
  const { id: container } = await findContainer(context, reference);
  const archive = Readable.from(client.copyFrom({ container, path, signal }));
  if (place === undefined) {
    await pipeline(archive, process.stdout, { end: false, signal });
    return;
  }
  const { into, name } = place;
  const map = name === undefined ? {} : { map: withFirstName(name) };
  await pipeline(archive, unpackTar(into, map), { signal });
}

/** Into a folder that is there; otherwise the target is the name that it gets. */
async function placeFor(
  target: string,
): Promise<{ readonly into: string; readonly name?: string }> {
  const path = await followed(target);
  const found = await stat(path).catch(() => undefined);
  if (target.endsWith('/') || found?.isDirectory() === true) return { into: path };
  // What it gets would take the place of a device or a pipe.
  if (found !== undefined && !found.isFile()) {
    throw invalidArgument(
      'target',
      `be a file or a folder: ${target} is not a regular file or a folder`,
    );
  }
  return { into: dirname(path), name: basename(path) };
}

async function copyIn(
  source: string,
  { container: reference = '', path }: CopyEnd,
  context: Context,
): Promise<void> {
  const { client, signal } = context;
  if (source !== '-') {
    await lstat(source).catch((error) => {
      throw unreadable(source, error);
    });
  }
  const { id: container } = await findContainer(context, reference);
  if (source === '-') {
    await client.copyTo({ container, path, source: process.stdin, signal });
    return;
  }
  const folder = path.endsWith('/') || (await isFolderInside(client, { container, path, signal }));
  const name = folder ? basename(resolve(source)) : basename(path);
  await client.copyTo({
    ...{ container, signal },
    path: folder ? path : dirname(path),
    source: localArchive(source, name),
  });
}

/** Whether a path of a container is a folder: its archive begins with it. */
async function isFolderInside(
  client: Context['client'],
  place: Parameters<Context['client']['copyFrom']>[0],
): Promise<boolean> {
  try {
    for await (const header of client.copyFrom(place)) {
      return header[typeFlag] === '5'.charCodeAt(0);
    }
    return false;
  } catch (error) {
    if (hasCode(error, 'not-found')) return false;
    throw error;
  }
}

/** Where a header of a tar archive has the kind of its entry. */
const typeFlag = 156;
