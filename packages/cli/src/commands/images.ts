import type { ImageInfo } from '@ctrd/client';
import { hasCode, invalidArgument } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { forEach } from '../each.js';
import { familiar, isCalled } from '../options/image-names.js';
import { json } from '../output/json.js';
import { print } from '../output/print.js';
import type { Column } from '../output/table.js';
import { parseTemplate } from '../output/template.js';
import { ago, size } from '../output/units.js';
import type { HistoryRow, ImageRow } from '../shapes.js';

const columns: readonly Column<ImageRow>[] = [
  { heading: 'NAME', of: ({ name }) => familiar(name), shrinks: true },
  { heading: 'DIGEST', of: ({ digest }) => digest.slice(0, 19), spare: true },
  { heading: 'PLATFORM', of: ({ platform }) => platform ?? '-', spare: true },
  { heading: 'SIZE', of: (row) => (row.size === undefined ? '-' : size(row.size)) },
  { heading: 'ADDED', of: ({ addedAt }) => ago(addedAt) },
];

export const images: Run<{ quiet?: true; filter?: readonly string[] }> = async (
  [name],
  { quiet, filter },
  context,
) => {
  const found = await context.client.listImages({ filters: filter, signal: context.signal });
  const all = name === undefined ? found : found.filter((image) => isCalled(image.name, name));
  if (quiet === true) process.stdout.write(all.map(({ name }) => `${name}\n`).join(''));
  else print(context, all.map(imageRow), columns);
};

export const imageInspect: Run<{ platform?: string }> = async (names, { platform }, context) => {
  const found = await Promise.all(names.map((name) => imageDetails(context, name, platform)));
  const { template } = context.print;
  if (template === undefined) process.stdout.write(`${json(found)}\n`);
  else process.stdout.write(found.map((one) => `${parseTemplate(template)(one)}\n`).join(''));
};

/** All that is known of an image. */
export async function imageDetails(
  { client, signal }: Pick<Context, 'client' | 'signal'>,
  name: string,
  platform?: string,
) {
  const info = await client.getImage(name, { platform, signal });
  if (info.problem !== undefined) throw info.problem;
  const image = await client.getOciImage(name, { platform, signal });
  const { name: fullName, target, labels, createdAt, updatedAt, repoTags, repoDigests } = info;
  return {
    ...{ name: fullName, target, ...info.details, repoTags, repoDigests },
    ...{ author: image.author, config: image.config, diffIds: image.diffIds },
    ...{ labels, addedAt: createdAt, updatedAt },
  };
}

export const history: Run<{ platform?: string }> = async ([name = ''], { platform }, context) => {
  const steps = await context.client.imageHistory(name, { platform, signal: context.signal });
  // The newest first, as docker has it.
  const rows = steps.toReversed().map(
    ({ created, createdBy, author, comment, layer }): HistoryRow => ({
      ...{ created, createdBy: createdBy ?? '', author, comment },
      ...{ layer: layer?.digest, size: layer?.size },
    }),
  );
  print(context, rows, [
    {
      heading: 'CREATED',
      of: ({ created }) => (created === undefined ? '-' : ago(new Date(created))),
    },
    { heading: 'SIZE', of: (row) => (row.size === undefined ? '-' : size(row.size)) },
    { heading: 'CREATED BY', of: ({ createdBy }) => createdBy, shrinks: true },
    { heading: 'COMMENT', of: ({ comment }) => comment ?? '' },
  ]);
};

export const importImages: Run<{ name?: string; quiet?: true; input?: string }> = async (
  [given],
  { name, quiet, input },
  context,
) => {
  const { client, signal } = context;
  const file = input ?? given ?? '-';
  if (file === '-' && process.stdin.isTTY) {
    throw invalidArgument('file', 'be given: there is no archive on a terminal');
  }
  const source = file === '-' ? process.stdin : file;
  const made = await client.importImage({ source, name, signal });
  if (quiet === true) return;
  if (context.print.output === 'json') print(context, made.map(imageRow), columns);
  else process.stdout.write(made.map((image) => `${image.name}\n`).join(''));
};

export const tag: Run = async ([image = '', name = ''], _options, { client, signal }) => {
  await client.tagImage(image, { name, overwrite: true, signal });
};

export const rmi: Run<{ force?: true; sync?: true }> = (
  names,
  { force, sync },
  { client, signal },
) =>
  forEach(names, async (name) => {
    try {
      await client.removeImage(name, { sync, signal });
    } catch (error) {
      if (force !== true || !hasCode(error, 'not-found')) throw error;
    }
    return name;
  });

interface PruneFlags {
  readonly all?: true;
  readonly olderThan?: number;
  readonly filter?: readonly string[];
  readonly dryRun?: true;
}

export const prune: Run<PruneFlags> = async (_args, flags, context) => {
  const { all, olderThan: olderThanMs, filter: filters, dryRun } = flags;
  const which = all === true ? 'unused' : 'dangling';
  const { client, signal } = context;
  const pruned = await client.pruneImages({ which, olderThanMs, filters, dryRun, signal });
  print(context, pruned, [
    {
      heading: dryRun === true ? 'WOULD REMOVE' : 'REMOVED',
      of: ({ name }) => name,
      shrinks: true,
    },
    { heading: 'DIGEST', of: ({ digest }) => digest.slice(0, 19) },
  ]);
};

export function imageRow({ name, target, labels, createdAt, details }: ImageInfo): ImageRow {
  return {
    ...{ name, digest: target.digest, id: details?.id },
    platform: details === undefined ? undefined : platformText(details.platform),
    size: details?.size,
    created: details?.created,
    ...{ addedAt: createdAt, labels },
  };
}

function platformText({
  os,
  architecture,
  variant,
}: NonNullable<ImageInfo['details']>['platform']) {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}
