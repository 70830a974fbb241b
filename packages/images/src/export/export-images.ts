import { CtrdError, hasCode, mergeSignals, toCtrdError } from '@ctrd/core';
import { mapConcurrently } from '../concurrent.js';
import type { ContentPlace } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isConfigType, isForeignLayerType, isIndexType } from '../oci/media-types.js';
import type { Platform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { findImage } from '../store/find-image.js';
import { incomplete } from '../store/image-facts.js';
import { findManifest, noMatch, readConfig, readDocument, suits } from '../store/image-tree.js';
import { walkTree } from '../store/walk-tree.js';
import {
  blobPath,
  dockerDocument,
  type ExportedImage,
  indexDocument,
  layoutDocument,
} from './export-documents.js';
import { type TarItem, tarStream } from './tar-stream.js';

export interface ExportJob {
  readonly references: readonly string[];
  /** The platform that was asked for; `undefined` when any does that a sole manifest has. */
  readonly platform: Platform | undefined;
  readonly allPlatforms: boolean;
  readonly signal: AbortSignal;
}

/** Blobs that are looked for at once. */
const lookups = 8;

/**
 * The images as an OCI layout that is a Docker archive as well. What they consist of is known to be
 * there before the first byte, and is leased until the last; every blob is verified as it passes.
 */
export async function* exportImages(parts: ImageParts, job: ExportJob): AsyncGenerator<Uint8Array> {
  // Whoever stops reading ends the calls to the daemon, too.
  const stopped = new AbortController();
  using merged = mergeSignals({ signal: job.signal }, stopped.signal);
  const { signal } = merged;
  await using lease = await parts.leases.create({ signal });
  try {
    const place = { signal, lease: lease.id };
    const images: ExportedImage[] = [];
    const blobs = new Map<string, Descriptor>();
    for (const reference of job.references) {
      const { image, content } = await planned(parts, reference, job, place);
      images.push(image);
      for (const blob of content) blobs.set(blob.digest, blob);
    }
    yield* tarStream(items(parts, images, [...blobs.values()], place));
  } finally {
    stopped.abort();
  }
}

async function planned(
  parts: ImageParts,
  reference: string,
  job: ExportJob,
  place: ContentPlace & { readonly lease: string },
): Promise<{ image: ExportedImage; content: readonly Descriptor[] }> {
  const { content, images, leases } = parts;
  const { name, target } = await findImage(images, reference, place);
  // Held by its labels, all below it stays as well.
  await leases.add(place.lease, { type: 'content', id: target.digest }, place);
  try {
    const chosen = await choose(parts, target, job, place);
    const tree = await walkTree(content, target, place, job.allPlatforms ? undefined : chosen);
    const blobs = [...tree.documents.map(({ descriptor }) => descriptor), ...tree.blobs];
    const there = await mapConcurrently(blobs, lookups, async (blob) => {
      const found = await content.find(blob.digest, place);
      // Whoever distributes the image may not distribute it, so it need not be there.
      if (found === undefined && isForeignLayerType(blob.mediaType)) return [];
      if (found === undefined) throw missing(blob);
      return [blob];
    });
    const manifest = chosen && (await readDocument(content, chosen, place));
    const forDocker = manifest?.kind === 'manifest' && isConfigType(manifest.config.mediaType);
    return {
      image: { name, target, manifest: forDocker ? manifest : undefined },
      content: there.flat(),
    };
  } catch (error) {
    throw incomplete(name, toCtrdError(error));
  }
}

/** The manifest of the platform; of all platforms, the one that Docker gets, if there is any. */
async function choose(
  { content, platform }: ImageParts,
  target: Descriptor,
  job: ExportJob,
  place: ContentPlace,
): Promise<Descriptor | undefined> {
  if (!isIndexType(target.mediaType)) {
    if (job.platform === undefined) return target;
    const manifest = await readDocument(content, target, place);
    if (manifest.kind !== 'manifest') throw new TypeError('what is no index is a manifest');
    const config = await readConfig(content, manifest.config, place);
    if (!suits(config, job.platform)) throw noMatch(target, job.platform);
    return target;
  }
  try {
    return (await findManifest(content, target, job.platform ?? platform, place)).descriptor;
  } catch (error) {
    if (job.allPlatforms && hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}

function* items(
  { content }: ImageParts,
  images: readonly ExportedImage[],
  blobs: readonly Descriptor[],
  place: ContentPlace,
): Generator<TarItem> {
  const docker = dockerDocument(images);
  yield fileOf('oci-layout', layoutDocument);
  yield fileOf('index.json', indexDocument(images));
  if (docker !== undefined) yield fileOf('manifest.json', docker);
  const folders = new Set(['blobs/', ...blobs.map(({ digest }) => folderOf(digest))]);
  for (const name of folders) yield { name, size: 0, body: [] };
  for (const blob of blobs) {
    yield { name: blobPath(blob.digest), size: blob.size, body: content.read(blob, place) };
  }
}

function fileOf(name: string, bytes: Uint8Array): TarItem {
  return { name, size: bytes.byteLength, body: [bytes] };
}

function folderOf(digest: string): string {
  return blobPath(digest).replace(/[^/]+$/, '');
}

function missing({ digest }: Descriptor): CtrdError {
  return new CtrdError('a blob is not there', { code: 'not-found', subject: digest });
}
