import { CtrdError, toCtrdError } from '@ctrd/core';
import { mapConcurrently } from '../concurrent.js';
import { ofBytes } from '../content/write-blob.js';
import { type ImageInfo, imageInfo } from '../image.js';
import { asObject, type Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import { limits, parseJson } from '../oci/manifest.js';
import { mediaTypes } from '../oci/media-types.js';
import { hostPlatform, type Platform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { findImage } from '../store/find-image.js';
import { gcLabels } from '../store/gc-labels.js';
import { type ImageFacts, incomplete } from '../store/image-facts.js';
import { publish } from '../store/publish.js';
import { unpackLayers } from '../unpack/unpack-layers.js';
import type { CommitSource } from './commit-source.js';
import { type CommitFacts, committedConfig } from './committed-config.js';
import type { ImageChanges } from './image-changes.js';
import { type SnapshotLayer, snapshotDiff } from './snapshot-diff.js';

export interface CommitJob {
  /** The new image's normalized name. */
  readonly name: string;
  readonly source: CommitSource;
  readonly changes: ImageChanges;
  readonly facts: CommitFacts;
  readonly compression: 'gzip' | 'none';
  readonly unpack: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly signal: AbortSignal;
}

type Place = { readonly signal: AbortSignal; readonly lease: string };

/** The digest of a layer in which nothing is: a tar's two closing blocks. */
const emptyDiffId = digestOf(Buffer.alloc(1024));

/**
 * Makes an image of what a snapshot has changed. Everything is written under a lease and the record
 * comes last: what a failure leaves goes with the lease, and nobody has seen it.
 */
export async function commitImage(parts: ImageParts, job: CommitJob): Promise<ImageInfo> {
  const { name, source, changes, compression, labels, platform, signal } = job;
  const { snapshotter, key } = source;
  await using lease = await parts.leases.create({ signal });
  const place = { signal, lease: lease.id };
  const base = source.base === undefined ? undefined : await baseOf(parts, source.base, job, place);
  const layer = await snapshotDiff(parts, {
    ...{ snapshotter, key, compression, ...place },
    below: base?.facts.chainId ?? '',
  });
  const added = layer.diffId === emptyDiffId && base !== undefined ? undefined : layer;

  const document = committedConfig(
    base?.config ?? { architecture: hostPlatform().architecture, os: hostPlatform().os },
    added?.diffId,
    changes,
    { ...job.facts, createdBy: job.facts.createdBy ?? source.createdBy },
  );
  const { manifest, config } = assembled(base?.facts, document, added);
  await store(parts, config, {}, place);
  const parsed = {
    kind: 'manifest' as const,
    annotations: {},
    config: config.descriptor,
    layers: manifest.layers,
  };
  await store(parts, manifest, gcLabels(parsed), place);
  // What was written is read, so that nothing is published that could not be used.
  const facts = await parts.facts.read(
    manifest.descriptor,
    base === undefined ? hostPlatform() : platform,
    place,
  );
  if (job.unpack) {
    const { diffIds } = facts.image;
    await unpackLayers(parts, { manifest: facts.manifest, diffIds, snapshotter, ...place });
  }
  const [record] = await publish(parts, [{ name, target: manifest.descriptor, labels }], signal);
  if (record === undefined) throw new TypeError('one record is published for each given');
  return imageInfo(record, facts);
}

/** The base, all of whose layers must be there, since they are the new image's as well. */
async function baseOf(
  { content, images, facts }: ImageParts,
  reference: string,
  { platform }: CommitJob,
  place: Place,
): Promise<{ facts: ImageFacts; config: Readonly<Record<string, unknown>> }> {
  const { name, target } = await findImage(images, reference, place);
  try {
    const found = await facts.read(target, platform, place);
    const { config, layers } = found.manifest;
    await mapConcurrently(layers, 8, ({ digest }) => content.info(digest, place));
    const bytes = await content.readAll(config, limits.documentBytes, place);
    return { facts: found, config: asObject(parseJson(bytes, 'the config'), 'the config') };
  } catch (error) {
    throw incomplete(name, toCtrdError(error));
  }
}

interface NewDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** The manifest is of the family of the base's, Docker's or OCI's: their types do not mix. */
function assembled(
  base: ImageFacts | undefined,
  document: Readonly<Record<string, unknown>>,
  added: SnapshotLayer | undefined,
): { config: NewDocument; manifest: NewDocument & { readonly layers: readonly Descriptor[] } } {
  const docker = base?.descriptor.mediaType === mediaTypes.dockerManifest;
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const config = json(document, docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig);
  const top = added && { ...added.blob, mediaType: layerType(added.blob.mediaType, docker) };
  const layers = [...(base?.manifest.layers ?? []), ...(top === undefined ? [] : [top])];
  if (layers.length > limits.layers) {
    throw new CtrdError(`the image would have more than ${limits.layers} layers`, {
      code: 'too-large',
    });
  }
  const manifest = { schemaVersion: 2, mediaType, config: config.descriptor, layers };
  return { config, manifest: { ...json(manifest, mediaType), layers } };
}

function layerType(mediaType: string, docker: boolean): string {
  if (!docker) return mediaType;
  return mediaType === mediaTypes.ociLayerGzip
    ? mediaTypes.dockerLayerGzip
    : mediaTypes.dockerLayer;
}

function json(document: unknown, mediaType: string): NewDocument {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } };
}

async function store(
  { content }: ImageParts,
  { bytes, descriptor }: NewDocument,
  labels: Readonly<Record<string, string>>,
  place: Place,
): Promise<void> {
  const { digest, size } = descriptor;
  const ref = `commit-${place.lease}-${digest}`;
  const blob = { ref, digest, size, labels, source: ofBytes(bytes) };
  const { existed } = await content.write(blob, place);
  if (existed) await content.label(digest, labels, place);
}
