import { hasCode } from '@ctrd/core';
import type { ContentPlace } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { ImageParts } from '../parts.js';

/** A blob whose file is gone, or is not what its digest says. */
export interface DamagedBlob {
  readonly digest: string;
  /** When the record was made that was looked at; undefined when there was none. */
  readonly createdAt: Date | undefined;
}

/**
 * Those of the blobs that are damaged: all are read. What somebody says of their sizes does not count:
 * a wrong manifest makes no blob wrong.
 */
export async function damagedBlobs(
  { content }: Pick<ImageParts, 'content'>,
  blobs: readonly Pick<Descriptor, 'digest'>[],
  place: ContentPlace,
): Promise<readonly DamagedBlob[]> {
  const damaged: DamagedBlob[] = [];
  for (const { digest } of blobs) {
    const createdAt = (await content.find(digest, place))?.createdAt;
    try {
      for await (const _ of content.read({ digest }, place));
    } catch (error) {
      if (!hasCode(error, 'data-loss', 'not-found', 'out-of-range')) throw error;
      damaged.push({ digest, createdAt });
    }
  }
  return damaged;
}

/**
 * Takes blobs out of the store with their files, so that they can be written anew; those that
 * somebody else has written anew meanwhile stay.
 */
export async function dropBlobs(
  { content, leases }: Pick<ImageParts, 'content' | 'leases'>,
  blobs: readonly DamagedBlob[],
  place: ContentPlace,
): Promise<void> {
  for (const { digest, createdAt } of blobs) {
    const now = (await content.find(digest, place))?.createdAt;
    if (now?.getTime() === createdAt?.getTime()) await content.delete(digest, place);
  }
  // The files go with the next garbage collection, for which the end of a lease can wait.
  await using lease = await leases.create({ signal: place.signal });
  await leases.delete(lease.id, { signal: place.signal, sync: true });
}
