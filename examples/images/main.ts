// #region mirror
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type ClientOptions, ctrd } from '@ctrd/core';
import { images, type RegistryOptions } from '@ctrd/images';

/** Copies an image to another registry, with all its platforms, and keeps it in a file as well. */
export async function mirror(
  from: string,
  to: string,
  file: string,
  options: ClientOptions & { registry?: RegistryOptions },
): Promise<string> {
  const { registry } = options;
  await using client = await ctrd(options).use(images({ registry })).connect();

  await client.pullImage(from, { allPlatforms: true, unpack: false });
  const { digest, uploaded } = await client.pushImage(from, {
    to,
    onProgress: ({ status, digest }) => console.log(status, digest),
  });
  console.log(`${to}@${digest}: ${uploaded} blobs were not there yet`);

  const archive = client.exportImage({ references: [from], allPlatforms: true });
  await pipeline(archive, createWriteStream(file));
  return digest;
}
// #endregion
