import type { ImageInfo } from '@ctrd/client';
import type { Run } from '../context.js';
import { ago, type Column, print, size } from '../table.js';

const columns: readonly Column<ImageInfo>[] = [
  { heading: 'NAME', of: ({ name }) => name },
  { heading: 'DIGEST', of: ({ target }) => target.digest.slice(0, 19) },
  { heading: 'PLATFORM', of: ({ details }) => platformText(details) },
  { heading: 'SIZE', of: ({ details }) => (details === undefined ? '-' : size(details.size)) },
  { heading: 'CREATED', of: ({ createdAt }) => ago(createdAt) },
];

export const images: Run<{ quiet?: true }> = async (_args, { quiet }, context) => {
  const all = await context.client.listImages({ signal: context.signal });
  if (quiet === true) process.stdout.write(all.map(({ name }) => `${name}\n`).join(''));
  else print(context, all, columns);
};

export const importImages: Run = async ([file = ''], _options, context) => {
  const { client, signal } = context;
  const source = file === '-' ? process.stdin : file;
  const made = await client.importImage({ source, signal });
  if (context.options.output === 'json') print(context, made, columns);
  else process.stdout.write(made.map(({ name }) => `${name}\n`).join(''));
};

export const tag: Run = async ([image = '', name = ''], _options, { client, signal }) => {
  await client.tagImage(image, { name, overwrite: true, signal });
};

export const rmi: Run = async (names, _options, { client, signal }) => {
  for (const name of names) {
    await client.removeImage(name, { signal });
    process.stdout.write(`${name}\n`);
  }
};

function platformText(details: ImageInfo['details']): string {
  if (details === undefined) return '-';
  const { os, architecture, variant } = details.platform;
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}
