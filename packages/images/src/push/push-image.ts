import { Content } from '@ctrd/api/services/content/v1';
import { CtrdError, mergeSignals, toCtrdError } from '@ctrd/core';
import { mapConcurrently } from '../concurrent.js';
import type { BlobInfo, ContentPlace } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import { isForeignLayerType } from '../oci/media-types.js';
import type { Platform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { formatReference, type ImageReference } from '../reference/reference.js';
import type { Credentials } from '../registry/credentials.js';
import { findImage } from '../store/find-image.js';
import { incomplete } from '../store/image-facts.js';
import { mountSource, sourcesOf, withSource } from '../store/source-label.js';
import { type ImageContent, walkTree } from '../store/walk-tree.js';
import { uploadBlob } from './blob-upload.js';
import { hasManifest, pushManifest } from './push-manifest.js';
import type { PushedImage, PushProgress } from './push-progress.js';
import { manifestName, type PushTarget, pushTarget } from './push-target.js';

export interface PushJob {
  readonly reference: string;
  /** What it is called in the registry. */
  readonly to: ImageReference;
  /** Only the manifest of this platform; `undefined` pushes what the reference means. */
  readonly platform: Platform | undefined;
  readonly credentials: Credentials | undefined;
  readonly concurrency: number;
  readonly chunkBytes: number | undefined;
  readonly onProgress: (event: PushProgress) => void;
  readonly signal: AbortSignal;
}

type Place = ContentPlace & { readonly lease: string };

/**
 * Pushes an image: what the registry does not have, blobs first, manifests before the indexes that
 * name them, and the tag last. Until then nobody sees anything of it.
 */
export async function pushImage(parts: ImageParts, job: PushJob): Promise<PushedImage> {
  // The first failure ends the uploads beside it.
  const failed = new AbortController();
  using merged = mergeSignals({ signal: job.signal }, failed.signal);
  const { signal } = merged;
  const { to, credentials } = job;
  await using lease = await parts.leases.create({ signal });
  const place = { signal, lease: lease.id };
  const { target, content } = await planned(parts, job, place);
  const name = manifestName(to, target.digest);
  const registry = await parts.registries.open(to, { credentials, signal });
  const there = pushTarget(registry);
  const pushed = { reference: formatReference(to), digest: target.digest };

  if (await hasManifest(there, target, target.digest, signal)) {
    // All it refers to is there as well, or the registry would not have taken it.
    await pushManifest(parts, there, target, name, place);
    job.onProgress(event(target, 'exists', target.size));
    return { ...pushed, uploaded: 0, mounted: 0, existing: content.blobs.length };
  }
  const blobs = content.blobs.filter(({ mediaType }) => !isForeignLayerType(mediaType));
  for (const blob of blobs) job.onProgress(event(blob, 'waiting', 0));
  const results = await mapConcurrently(blobs, job.concurrency, async (blob) => {
    try {
      return await pushBlob(parts, there, blob, job, place);
    } catch (error) {
      failed.abort(toCtrdError(error));
      throw error;
    }
  });
  for (const { descriptor } of content.documents) {
    const isTop = descriptor.digest === target.digest;
    const at = isTop ? name : descriptor.digest;
    const sent = await pushManifest(parts, there, descriptor, at, place);
    job.onProgress(event(descriptor, sent ? 'uploaded' : 'exists', descriptor.size));
  }
  const count = (status: string) => results.filter((result) => result === status).length;
  return {
    ...pushed,
    ...{ uploaded: count('uploaded'), mounted: count('mounted'), existing: count('exists') },
  };
}

/** What is pushed, all of which must be in the daemon. */
async function planned(
  parts: ImageParts,
  { reference, platform }: PushJob,
  place: Place,
): Promise<{ target: Descriptor; content: ImageContent }> {
  const { content, images, facts, leases } = parts;
  const { name, target: whole } = await findImage(images, reference, place);
  await leases.add(place.lease, { type: 'content', id: whole.digest }, place);
  try {
    const target =
      platform === undefined ? whole : (await facts.read(whole, platform, place)).descriptor;
    const tree = await walkTree(content, target, place);
    await mapConcurrently(tree.blobs, 8, async ({ digest, mediaType }) => {
      if (!isForeignLayerType(mediaType)) await content.info(digest, place);
    });
    return { target, content: tree };
  } catch (error) {
    const cause = incomplete(name, toCtrdError(error));
    if (platform !== undefined || cause.reason !== 'incomplete') throw cause;
    throw new CtrdError(
      'a part of the image is not in the daemon: name a platform to push only that one, or pull all',
      { code: 'not-found', reason: 'incomplete', subject: name, cause },
    );
  }
}

async function pushBlob(
  parts: ImageParts,
  target: PushTarget,
  blob: Descriptor,
  job: PushJob,
  place: Place,
): Promise<'uploaded' | 'mounted' | 'exists'> {
  const { chunkBytes, onProgress } = job;
  const { signal } = place;
  const { domain, repository } = target;
  const info = await parts.content.info(blob.digest, place);
  const accept = [200, 404];
  const path = `blobs/${blob.digest}`;
  const answer = await target.request({ method: 'HEAD', path, accept, signal });
  answer.discard();
  let status: 'uploaded' | 'mounted' | 'exists' = 'exists';
  if (answer.status === 404) {
    status = await uploadBlob(target, {
      ...{ blob, chunkBytes, signal },
      mountFrom: mountSource(sourcesOf(info, domain), repository),
      read: (from, to) => readPart(parts, blob, from, to, place),
      onOffset: (offset) => onProgress(event(blob, 'uploading', offset)),
    });
  }
  onProgress(event(blob, status, blob.size));
  await remember(parts, info, target, place);
  return status;
}

/** Whole blobs are verified as they pass; of parts, the registry sees whether they make up the whole. */
async function* readPart(
  { rpc, content }: ImageParts,
  blob: Descriptor,
  from: number,
  to: number,
  place: Place,
): AsyncGenerator<Uint8Array> {
  if (from === 0 && to === blob.size) {
    yield* content.read(blob, place);
    return;
  }
  const { signal, lease } = place;
  const request = { digest: blob.digest, offset: BigInt(from), size: BigInt(to - from) };
  const parts = rpc.client(Content, { lease }).read(request, { signal, role: 'bulk' });
  for await (const { data } of parts) yield data;
}

/** The next push to a neighbouring repository can have the blob mounted from this one. */
async function remember(
  { content }: ImageParts,
  info: BlobInfo,
  { domain, repository }: PushTarget,
  place: Place,
): Promise<void> {
  const labels = withSource(info, domain, repository);
  if (labels !== undefined) await content.label(info.digest, labels, place);
}

function event(
  { digest, mediaType, size }: Descriptor,
  status: PushProgress['status'],
  offset: number,
): PushProgress {
  return { digest, mediaType, status, offset, total: size };
}
