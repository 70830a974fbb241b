import { chmod, chown, symlink as link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from './entry.js';
import { busyboxEntries } from './rootfs.js';

export { dockerArchive, ociArchive, ociIndexArchive } from './archive.js';
export { dir, type Entry, file, symlink, tar } from './entry.js';
export {
  type Blob,
  busyboxImage,
  type Descriptor,
  descriptor,
  type Image,
  type ImageOptions,
  json,
} from './image.js';

/** Lays the image's files out in an empty folder, as a root file system. Needs root for owners. */
export async function busyboxRootfs(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const entry of await busyboxEntries()) await lay(folder, entry);
}

async function lay(folder: string, { path, type, mode, uid, gid, ...rest }: Entry): Promise<void> {
  const target = join(folder, path);
  if (type === 'symlink') return link(rest.target ?? '', target);
  if (type === 'directory') await mkdir(target);
  else await writeFile(target, rest.content ?? '');
  await chown(target, uid, gid);
  await chmod(target, mode);
}
