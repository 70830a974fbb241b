import { CtrdError, hasCode } from '@ctrd/core';
import type { ContentPlace, ContentStore } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import { type OciImage, parseImageConfig } from '../oci/image-config.js';
import { type Index, limits, type Manifest, parseDocument } from '../oci/manifest.js';
import { isConfigType, isIndexType } from '../oci/media-types.js';
import { formatPlatform, type Platform } from '../oci/platform.js';
import { matchManifests, rankPlatform } from '../oci/platform-match.js';

/** The image of one platform, found below a record's target. */
export interface PlatformManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** Reads a manifest or index from the content store, verified and within limits. */
export async function readDocument(
  content: ContentStore,
  descriptor: Descriptor,
  place: ContentPlace,
): Promise<Manifest | Index> {
  const bytes = await content.readAll(descriptor, limits.documentBytes, place);
  return parseDocument(bytes, descriptor.mediaType);
}

/** Reads a config. Throws `unimplemented` for what is not the config of an image. */
export async function readConfig(
  content: ContentStore,
  config: Descriptor,
  place: ContentPlace,
): Promise<OciImage> {
  if (!isConfigType(config.mediaType)) {
    throw new CtrdError(`this is not an image's config but ${config.mediaType.slice(0, 255)}`, {
      code: 'unimplemented',
      reason: 'not-an-image',
      subject: config.digest,
    });
  }
  return parseImageConfig(await content.readAll(config, limits.documentBytes, place));
}

/**
 * The manifest below a target that suits a platform best; of those that suit, the first that is
 * there. Throws `not-found` (reason `platform`) when none suits.
 */
export async function findManifest(
  content: ContentStore,
  target: Descriptor,
  platform: Platform,
  place: ContentPlace,
): Promise<PlatformManifest> {
  let missing: unknown;
  for await (const descriptor of candidates(content, target, platform, place)) {
    try {
      const manifest = await readDocument(content, descriptor, place);
      if (manifest.kind !== 'manifest') continue;
      // Where an index says nothing, only the config does.
      const isSilent = descriptor !== target && descriptor.platform === undefined;
      if (isSilent && !suits(await readConfig(content, manifest.config, place), platform)) continue;
      return { descriptor, manifest };
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
      missing ??= error;
    }
  }
  throw missing ?? noMatch(target, platform);
}

async function* candidates(
  content: ContentStore,
  descriptor: Descriptor,
  platform: Platform,
  place: ContentPlace,
  depth = 0,
): AsyncGenerator<Descriptor> {
  if (!isIndexType(descriptor.mediaType)) {
    yield descriptor;
    return;
  }
  const index = await readIndex(content, descriptor, depth, place);
  for (const child of matchManifests(index.manifests, platform)) {
    yield* candidates(content, child, platform, place, depth + 1);
  }
}

async function readIndex(
  content: ContentStore,
  descriptor: Descriptor,
  depth: number,
  place: ContentPlace,
): Promise<Index> {
  if (depth >= limits.depth) throw tooDeep(descriptor.digest);
  const index = await readDocument(content, descriptor, place);
  if (index.kind !== 'index') throw new TypeError('an index type is parsed as an index');
  return index;
}

/** Whether a config, which names the platform when the index does not, suits. */
export function suits(image: OciImage, platform: Platform): boolean {
  return rankPlatform(platform, image.platform) !== undefined;
}

export function noMatch(target: Descriptor, platform: Platform): CtrdError {
  return new CtrdError(`the image has nothing for ${formatPlatform(platform)}`, {
    code: 'not-found',
    reason: 'platform',
    subject: target.digest,
  });
}

export function tooDeep(digest: string): CtrdError {
  return new CtrdError(`indexes are nested more than ${limits.depth} deep`, {
    code: 'too-large',
    subject: digest,
  });
}
