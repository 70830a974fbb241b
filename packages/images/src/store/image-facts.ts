import { CtrdError, type ResolvedImage } from '@ctrd/core';
import type { ContentPlace, ContentStore } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { OciImage } from '../oci/image-config.js';
import type { Manifest } from '../oci/manifest.js';
import { formatPlatform, type Platform } from '../oci/platform.js';
import { chainIds } from '../unpack/chain-id.js';
import { findManifest, noMatch, readConfig, suits } from './image-tree.js';

/** What an image is on one platform. All of it follows from the target's digest. */
export interface ImageFacts {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly image: OciImage;
  /** Empty for an image of no layer. */
  readonly chainId: string;
}

/** Reads images' facts and keeps those last used, since they never change. */
export interface FactReader {
  /** Throws `not-found` when a blob is missing, or (reason `platform`) nothing suits. */
  read(target: Descriptor, platform: Platform, place: ContentPlace): Promise<ImageFacts>;
}

const keptFacts = 256;

export function createFactReader(content: ContentStore): FactReader {
  const kept = new Map<string, ImageFacts>();
  return {
    async read(target, platform, place) {
      const key = `${target.digest} ${formatPlatform(platform)}`;
      const known = kept.get(key) ?? (await readFacts(content, target, platform, place));
      // Written again, so that the first of the map is the one not used for longest.
      kept.delete(key);
      kept.set(key, known);
      const oldest = kept.size > keptFacts ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      return known;
    },
  };
}

async function readFacts(
  content: ContentStore,
  target: Descriptor,
  platform: Platform,
  place: ContentPlace,
): Promise<ImageFacts> {
  const { descriptor, manifest } = await findManifest(content, target, platform, place);
  const image = await readConfig(content, manifest.config, place);
  if (!suits(image, platform)) throw noMatch(target, platform);
  return { descriptor, manifest, image, chainId: chainIds(image.diffIds).at(-1) ?? '' };
}

export function resolvedImage(
  reference: string,
  target: Descriptor,
  { image, chainId }: ImageFacts,
): ResolvedImage {
  return { reference, digest: target.digest, chainId, config: image.config };
}

/** An image that cannot be read any more, told with what to do. */
export function incomplete(reference: string, cause: CtrdError): CtrdError {
  if (cause.code !== 'not-found' || cause.reason === 'platform') return cause;
  return new CtrdError('a part of the image is missing in the daemon: pull or import it again', {
    code: 'not-found',
    reason: 'incomplete',
    subject: reference,
    cause,
  });
}
