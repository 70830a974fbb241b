import { createHash } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { busyboxImage, ociArchive } from '../../tools/busybox-image/index.js';
import { cacheFolder, madeOnce } from '../../tools/debian/index.js';
import type { TestDaemon } from './daemon.js';

/** The name under which {@link importBusybox} keeps the image. */
export const busyboxName = 'docker.io/library/busybox:e2e';

/** The path of the plain busybox image as an OCI archive, made once and kept. */
export async function busyboxImageTar(): Promise<string> {
  const source = await stat('/bin/busybox');
  const key = createHash('sha256').update(`1 ${source.size} ${source.mtimeMs}`).digest('hex');
  return madeOnce(cacheFolder('images', `busybox-${key.slice(0, 12)}.tar`), async (target) => {
    await writeFile(target, await ociArchive(await busyboxImage(), busyboxName));
  });
}

/** Imports the plain busybox image with `ctr` into a namespace, unpacked, and gives its name. */
export async function importBusybox(daemon: TestDaemon, namespace: string): Promise<string> {
  await daemon.ctr('--namespace', namespace, 'images', 'import', await busyboxImageTar());
  return busyboxName;
}
