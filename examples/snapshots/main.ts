// #region snapshots
import { readFile, writeFile } from 'node:fs/promises';
import { type ClientOptions, ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { snapshots } from '@ctrd/snapshots';

/** Puts a file on top of an image's files, and reads it back from the committed snapshot. */
export async function greeted(image: string, options: ClientOptions): Promise<string> {
  await using client = await ctrd(options).use(images()).use(snapshots()).connect();

  await client.createSnapshot('draft', { image });
  await client.withMounts('draft', (path) => writeFile(`${path}/greeting`, 'hello'));
  await client.commitSnapshot('draft', { name: 'greeted' });

  await client.viewSnapshot('look', { parent: 'greeted' });
  const text = await client.withMounts('look', (path) => readFile(`${path}/greeting`, 'utf8'));

  await client.removeSnapshot('look');
  await client.removeSnapshot('greeted');
  return text;
}
// #endregion
