import { toCtrdError } from '@ctrd/core';
import type { Platform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { findImage } from '../store/find-image.js';
import { incomplete } from '../store/image-facts.js';
import { unpackLayers } from './unpack-layers.js';

/**
 * Unpacks an image that is in the daemon, under a lease of its own. Answers the chain id.
 *
 * Throws `not-found` (reason `incomplete`) when a layer is not there any more.
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
    return await unpackLayers(parts, { manifest, diffIds, snapshotter, ...place });
  } catch (error) {
    throw incomplete(name, toCtrdError(error));
  }
}
