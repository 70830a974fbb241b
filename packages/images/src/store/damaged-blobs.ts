import { hasCode } from '@ctrd/core';
import type { ContentPlace } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { ImageParts } from '../parts.js';

/** Those of the blobs whose files are gone, or are not what their digests say: all are read. */
export async function damagedBlobs(
  { content }: Pick<ImageParts, 'content'>,
  blobs: readonly Descriptor[],
  place: ContentPlace,
): Promise<readonly Descriptor[]> {
  const damaged: Descriptor[] = [];
  for (const blob of blobs) {
    try {
      for await (const _ of content.read(blob, place));
    } catch (error) {
      if (!hasCode(error, 'data-loss', 'not-found', 'out-of-range')) throw error;
      damaged.push(blob);
    }
  }
  return damaged;
}

/** Takes blobs out of the store with their files, so that they can be written anew. */
export async function dropBlobs(
  { content, leases }: Pick<ImageParts, 'content' | 'leases'>,
  blobs: readonly Descriptor[],
  place: ContentPlace,
): Promise<void> {
  for (const { digest } of blobs) await content.delete(digest, place);
  // The files go with the next garbage collection, for which the end of a lease can wait.
  await using lease = await leases.create({ signal: place.signal });
  await leases.delete(lease.id, { signal: place.signal, sync: true });
}
