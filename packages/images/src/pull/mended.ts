import { hasCode } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import type { ImageParts } from '../parts.js';
import { damagedBlobs, dropBlobs } from '../store/damaged-blobs.js';

/**
 * Makes an attempt, and another one when what was in the store before turns out to be damaged or
 * without its file: that is dropped, each blob once, so that it is fetched again.
 *
 * @param attempt - is given where to note what it has found in the store.
 */
export async function mended(
  parts: Pick<ImageParts, 'content' | 'leases'>,
  signal: AbortSignal,
  attempt: (found: Set<Descriptor>) => Promise<void>,
): Promise<void> {
  const dropped = new Set<string>();
  for (;;) {
    const found = new Set<Descriptor>();
    try {
      return await attempt(found);
    } catch (error) {
      if (!isOfStore(error)) throw error;
      const suspects = [...found].filter(({ digest }) => !dropped.has(digest));
      const damaged = await damagedBlobs(parts, suspects, { signal });
      if (damaged.length === 0) throw error;
      await dropBlobs(parts, damaged, { signal });
      for (const { digest } of damaged) dropped.add(digest);
    }
  }
}

/** `unknown` is what the daemon says of a layer that it cannot unpack. */
function isOfStore(error: unknown): boolean {
  if (hasCode(error, 'not-found')) return error.reason === 'incomplete';
  return hasCode(error, 'data-loss', 'unknown');
}
