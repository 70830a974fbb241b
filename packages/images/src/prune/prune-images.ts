import { hasCode } from '@ctrd/core';
import { mapConcurrently } from '../concurrent.js';
import type { ImageParts } from '../parts.js';
import { parseReference } from '../reference/reference.js';
import type { ImageRecord } from '../store/image-store.js';
import { type UsedImages, usedImages } from './used-images.js';

export interface PruneJob {
  readonly unused: boolean;
  readonly before: Date;
  readonly filters: readonly string[];
  readonly dryRun: boolean;
  readonly sync: boolean;
  readonly signal: AbortSignal;
}

/** Removes the records of images that nobody uses, and answers them. */
export async function pruneImages(
  parts: ImageParts,
  job: PruneJob,
): Promise<readonly ImageRecord[]> {
  const { images, rpc } = parts;
  const { filters, dryRun, sync, signal } = job;
  // Containers last: one that is made meanwhile has its image's record, and is seen.
  const all = await images.list([], { signal });
  const records = filters.length === 0 ? all : await images.list(filters, { signal });
  const used = await usedImages(rpc, signal);
  const tagged = new Set(all.filter(hasTag).map(({ target }) => target.digest));
  const old = records.filter((record) => record.createdAt < job.before);
  const chosen = await mapConcurrently(old, 8, async (record) => {
    if (!job.unused && tagged.has(record.target.digest)) return [];
    return (await isUsed(parts, record, used, signal)) ? [] : [record];
  });
  const doomed = chosen.flat();
  if (dryRun) return doomed;
  const removed: ImageRecord[] = [];
  for (const [index, record] of doomed.entries()) {
    try {
      // One collection for all of them.
      await images.delete(record.name, sync && index === doomed.length - 1, { signal });
      removed.push(record);
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
    }
  }
  return removed;
}

/** Whether its name is a tag's, not a digest's, and no word that only its maker understands. */
export function hasTag({ name }: Pick<ImageRecord, 'name'>): boolean {
  try {
    return parseReference(name).tag !== undefined;
  } catch {
    return false;
  }
}

async function isUsed(
  { facts, platform }: ImageParts,
  { name, target }: ImageRecord,
  { names, layers }: UsedImages,
  signal: AbortSignal,
): Promise<boolean> {
  if (names.has(name)) return true;
  try {
    const { chainId } = await facts.read(target, platform, { signal });
    return layers.has(chainId);
  } catch (error) {
    if (hasCode(error, 'not-found', 'data-loss', 'unimplemented', 'too-large')) {
      // What cannot be read, no container can be made of; its name is not used either.
      return false;
    }
    throw error;
  }
}
