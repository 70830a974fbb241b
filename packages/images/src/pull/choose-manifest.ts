import type { Descriptor } from '../oci/descriptor.js';
import type { OciImage } from '../oci/image-config.js';
import { type Index, limits, type Manifest } from '../oci/manifest.js';
import { isIndexType } from '../oci/media-types.js';
import type { Platform } from '../oci/platform.js';
import { matchManifests } from '../oci/platform-match.js';
import { noMatch, suits, tooDeep } from '../store/image-tree.js';

/** Gets a manifest or index, verified. */
export type DocumentReader = (descriptor: Descriptor) => Promise<Manifest | Index>;

/** The image of one platform. */
export interface ChosenImage {
  readonly manifest: Manifest;
  readonly image: OciImage;
}

/**
 * Reads the way to the manifest that suits a platform best, and its config: where an index names
 * no platform, only the config does. Throws `not-found` (reason `platform`) when none suits.
 */
export async function chooseManifest(
  read: DocumentReader,
  target: Descriptor,
  platform: Platform,
  configOf: (manifest: Manifest) => Promise<OciImage>,
): Promise<ChosenImage> {
  async function choose(descriptor: Descriptor, depth: number): Promise<ChosenImage | undefined> {
    const document = await documentAt(read, descriptor, depth);
    if (document.kind === 'manifest') {
      const image = await configOf(document);
      return suits(image, platform) ? { manifest: document, image } : undefined;
    }
    for (const child of matchManifests(document.manifests, platform)) {
      const chosen = await choose(child, depth + 1);
      if (chosen !== undefined) return chosen;
    }
    return undefined;
  }

  const chosen = await choose(target, 0);
  if (chosen === undefined) throw noMatch(target, platform);
  return chosen;
}

/** Reads a manifest or index, unless it is too far down. */
export async function documentAt(
  read: DocumentReader,
  descriptor: Descriptor,
  depth: number,
): Promise<Manifest | Index> {
  if (isIndexType(descriptor.mediaType) && depth >= limits.depth) throw tooDeep(descriptor.digest);
  return await read(descriptor);
}
