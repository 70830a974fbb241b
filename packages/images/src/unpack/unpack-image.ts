import { CtrdError, hasCode, toCtrdError } from '@ctrd/core';
import type { Platform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { type DamagedBlob, damagedBlobs } from '../store/damaged-blobs.js';
import { findImage } from '../store/find-image.js';
import { incomplete } from '../store/image-facts.js';
import { unpackLayers } from './unpack-layers.js';

/**
 * Unpacks an image that is in the daemon, under a lease of its own. Answers the chain id.
 *
 * Throws `not-found` (reason `incomplete`) when a layer is not there any more, and `data-loss` when it is
 * not what its digest says.
 */
export async function unpackImage(
  parts: ImageParts,
  reference: string,
  options: { snapshotter: string; platform: Platform; signal: AbortSignal },
): Promise<string> {
  const { snapshotter, platform, signal } = options;
  const { name, target } = await findImage(parts.images, reference, { signal });
  await using lease = await parts.leases.create({ signal });
  const place = { signal, lease: lease.id };
  try {
    const { manifest, image } = await parts.facts.read(target, platform, place);
    const { diffIds } = image;
    try {
      return await unpackLayers(parts, { manifest, diffIds, snapshotter, ...place });
    } catch (error) {
      // The daemon does not tell a layer that is damaged from other failures.
      const suspects = hasCode(error, 'unknown') ? manifest.layers : [];
      const [damaged] = await damagedBlobs(parts, suspects, place);
      throw damaged === undefined ? error : notItself(damaged, error);
    }
  } catch (error) {
    throw incomplete(name, toCtrdError(error));
  }
}

function notItself({ digest }: DamagedBlob, cause: unknown): CtrdError {
  return new CtrdError('a layer is not what its digest says: pull or import the image again', {
    ...{ code: 'data-loss', reason: 'digest', subject: digest, cause },
  });
}
