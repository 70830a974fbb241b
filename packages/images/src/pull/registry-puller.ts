import { mergeSignals, orAborted } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import type { Manifest } from '../oci/manifest.js';
import { isIndexType, isManifestType } from '../oci/media-types.js';
import type { ImageParts } from '../parts.js';
import { completeReference, parseReference } from '../reference/reference.js';
import { readConfig } from '../store/image-tree.js';
import { publish } from '../store/publish.js';
import { unpackLayers } from '../unpack/unpack-layers.js';
import { admitImage } from '../verify/admit-image.js';
import { blobRef } from './blob-ref.js';
import { type ChosenImage, chooseManifest, documentAt } from './choose-manifest.js';
import { createFetcher, type Fetcher, type FetcherOptions } from './fetcher.js';
import { mended } from './mended.js';
import { pullEvidence } from './pull-evidence.js';
import { pullLease } from './pull-lease.js';
import type { Puller, PullJob } from './puller.js';
import { resolveTarget } from './resolve-target.js';

/**
 * Pulls from this process: layers are fetched in parallel straight into the content store, and each
 * is unpacked as soon as it and those below it are there.
 */
export function createRegistryPuller(parts: ImageParts): Puller {
  return {
    async pull(job) {
      const { progress, signal } = job;
      const reference = completeReference(parseReference(job.reference));
      const registry = await parts.registries.open(reference, job);
      const target = await resolveTarget(registry, reference, signal);
      progress.image('resolved');
      const evidence = pullEvidence(registry, signal);
      await admitImage(parts.policy, {
        ...{ reference: job.reference, target: target.descriptor, origin: 'pull' },
        ...{ evidence, signal },
      });
      await mended(parts, signal, (found) => bring(parts, job, { registry, target, found }));
    },
  };
}

/** One attempt, under a lease of its own. */
async function bring(
  parts: ImageParts,
  job: PullJob,
  from: Pick<FetcherOptions, 'registry' | 'target' | 'found'>,
): Promise<void> {
  const { progress, signal, platform, concurrency } = job;
  const { descriptor } = from.target;
  await using lease = await pullLease(parts, descriptor.digest, signal);
  try {
    // The first failure ends whatever else is under way.
    const stop = new AbortController();
    using either = mergeSignals({ signal }, stop.signal);
    const place = { signal: either.signal, lease: lease.id };
    const fetcher = createFetcher(parts, { ...from, place, progress, concurrency });
    const configOf = async ({ config }: Manifest) => {
      await fetcher.blob(config);
      return await readConfig(parts.content, config, place);
    };
    // Of all platforms one must suit only when it is to be unpacked.
    const isAnyPlatform = job.allPlatforms && job.snapshotter === undefined;
    const chosen = isAnyPlatform
      ? undefined
      : await chooseManifest(fetcher.document, descriptor, platform, configOf);
    const blobs = await blobsOf(fetcher, job, descriptor, chosen);
    const unpacked = chosen && unpackChosen(parts, job, fetcher, chosen, place);
    await allOf([...blobs.map((blob) => fetcher.blob(blob)), unpacked], stop);
    const record = { name: job.reference, target: descriptor, labels: job.labels };
    await publish(parts, [record], signal);
    await lease.takeOver();
  } catch (error) {
    lease.failed(error);
    throw error;
  }
}

/** The blobs to fetch, in order, each once: the layers of the chosen image first. */
async function blobsOf(
  fetcher: Fetcher,
  { allPlatforms, metadataOnly }: PullJob,
  target: Descriptor,
  chosen: ChosenImage | undefined,
): Promise<readonly Descriptor[]> {
  const blobs = new Map<string, Descriptor>();
  const add = (descriptor: Descriptor) => void blobs.set(descriptor.digest, descriptor);
  const addLayers = ({ layers }: Manifest) => (metadataOnly ? [] : layers).forEach(add);

  async function walk(descriptor: Descriptor, depth: number): Promise<void> {
    if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) {
      add(descriptor);
      return;
    }
    const document = await documentAt(fetcher.document, descriptor, depth);
    if (document.kind === 'index') {
      for (const child of document.manifests) await walk(child, depth + 1);
      return;
    }
    add(document.config);
    addLayers(document);
  }

  if (chosen !== undefined) addLayers(chosen.manifest);
  if (allPlatforms) await walk(target, 0);
  return [...blobs.values()];
}

async function unpackChosen(
  parts: ImageParts,
  { snapshotter, progress }: PullJob,
  fetcher: Fetcher,
  { manifest, image }: ChosenImage,
  place: { readonly signal: AbortSignal; readonly lease: string },
): Promise<void> {
  if (snapshotter === undefined) return;
  const step = (layer: Descriptor) => progress.blob(blobRef(layer), layer.size);
  await unpackLayers(parts, {
    ...{ manifest, diffIds: image.diffIds, snapshotter, ...place },
    async ready(layer) {
      await orAborted(place.signal, fetcher.blob(layer));
      step(layer).status('unpacking');
    },
    onUnpacked: (layer) => step(layer).status('done'),
  });
}

/** Ends when all have ended; the first failure ends the others, and is thrown. */
async function allOf(
  work: readonly (Promise<void> | undefined)[],
  stop: AbortController,
): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    work.map((one) =>
      one?.catch((error: unknown) => {
        failures.push(error);
        stop.abort(error);
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}
