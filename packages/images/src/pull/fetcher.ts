import { CtrdError, createLimit, hasCode } from '@ctrd/core';
import { type BlobInfo, type ContentPlace, tooLarge } from '../content/content-store.js';
import { ofBytes } from '../content/write-blob.js';
import type { Descriptor } from '../oci/descriptor.js';
import { wrongSize } from '../oci/digest.js';
import { type Index, limits, type Manifest, parseDocument } from '../oci/manifest.js';
import type { ImageParts } from '../parts.js';
import type { Registry } from '../registry/registries.js';
import { gcLabels } from '../store/gc-labels.js';
import { sourceLabel, withSource } from '../store/source-label.js';
import { blobRef } from './blob-ref.js';
import { fetchBlob } from './fetch-blob.js';
import type { ProgressTracker } from './progress.js';
import { remoteDocument } from './remote-blob.js';
import type { ResolvedTarget } from './resolve-target.js';

/** Brings the parts of an image into the content store, each of them once. */
export interface Fetcher {
  /** A manifest or index: verified, within limits, with the labels that keep what is below it. */
  document(descriptor: Descriptor): Promise<Manifest | Index>;
  /** A config, a layer, or what else there is; so many at once. */
  blob(descriptor: Descriptor): Promise<void>;
}

export interface FetcherOptions {
  readonly registry: Registry;
  /** What was resolved; it need not be fetched twice. */
  readonly target: ResolvedTarget;
  readonly place: ContentPlace;
  readonly progress: ProgressTracker;
  /** Blobs that are fetched at once. */
  readonly concurrency: number;
  /** Takes what was in the store before. */
  readonly found: Set<Descriptor>;
}

export function createFetcher(parts: ImageParts, options: FetcherOptions): Fetcher {
  const { content, locks, rpc } = parts;
  const { registry, target, place, progress, found } = options;
  const documents = new Map<string, Promise<Manifest | Index>>();
  const blobs = new Map<string, Promise<void>>();
  const limit = createLimit(options.concurrency);
  const source = { [sourceLabel(registry.domain)]: registry.repository };

  /** Of two pulls that want the same blob, the second finds it there. */
  function alone<T>({ digest }: Descriptor, work: () => Promise<T>): Promise<T> {
    return locks.run(`${rpc.namespace} blob ${digest}`, place.signal, work);
  }

  async function document(descriptor: Descriptor): Promise<Manifest | Index> {
    const { digest, size, mediaType } = descriptor;
    if (size > limits.documentBytes) throw tooLarge(digest, limits.documentBytes);
    const ref = blobRef(descriptor);
    const step = progress.blob(ref, size);
    return await alone(descriptor, async () => {
      const stored = await storedBytes(descriptor);
      if (stored === undefined) step.status('downloading');
      const bytes = stored ?? (await download(descriptor));
      const parsed = parseDocument(bytes, mediaType);
      const labels = gcLabels(parsed);
      // Also what is there already is written: the lease holds it then.
      const { existed } = await content.write(
        { ref, digest, size, labels: { ...labels, ...source }, source: ofBytes(bytes) },
        place,
      );
      if (existed) await noted(await content.info(digest, place), labels);
      step.status(stored === undefined ? 'done' : 'exists');
      return parsed;
    });
  }

  async function blob(descriptor: Descriptor): Promise<void> {
    const { digest, size } = descriptor;
    const ref = blobRef(descriptor);
    const step = progress.blob(ref, size);
    const write = async () => {
      const { existed } = await fetchBlob(content, registry, descriptor, {
        ...place,
        ...{ ref, labels: source, progress: step },
      });
      if (existed) {
        const stored = await content.info(digest, place);
        await checkFound(descriptor, stored);
        await noted(stored);
      }
      step.status(existed ? 'exists' : 'done');
    };
    await limit(place.signal, () => alone(descriptor, write));
  }

  async function storedBytes(descriptor: Descriptor): Promise<Uint8Array | undefined> {
    const stored = await content.find(descriptor.digest, place);
    if (stored === undefined) return undefined;
    try {
      await checkFound(descriptor, stored);
      return await content.readAll(descriptor, limits.documentBytes, place);
    } catch (error) {
      // Nothing of ours holds it yet: it may just have been collected.
      const isThere = (await content.find(descriptor.digest, place)) !== undefined;
      if (isThere || !hasCode(error, 'not-found')) throw error;
      return undefined;
    }
  }

  /** The daemon's records say that a blob is there, and nothing of its file. */
  async function checkFound(descriptor: Descriptor, stored: BlobInfo): Promise<void> {
    const { digest, size } = descriptor;
    if (stored.size !== size) throw wrongSize(digest, size, String(stored.size));
    found.add(descriptor);
    if (await content.hasFile(descriptor, place)) return;
    throw new CtrdError('the daemon has lost the file of a blob', {
      ...{ code: 'not-found', reason: 'incomplete', subject: digest },
    });
  }

  async function download(descriptor: Descriptor): Promise<Uint8Array> {
    const isTarget = descriptor.digest === target.descriptor.digest;
    const known = isTarget ? target.bytes : undefined;
    return known ?? (await remoteDocument(registry, descriptor, place.signal));
  }

  /** What was there before is of this repository as well. */
  async function noted(stored: BlobInfo, labels: Readonly<Record<string, string>> = {}) {
    const sources = withSource(stored, registry.domain, registry.repository);
    await content.label(stored.digest, { ...labels, ...sources }, place);
  }

  return {
    document: (descriptor) => once(documents, descriptor, document),
    blob: (descriptor) => once(blobs, descriptor, blob),
  };
}

function once<T>(
  known: Map<string, Promise<T>>,
  descriptor: Descriptor,
  fetch: (descriptor: Descriptor) => Promise<T>,
): Promise<T> {
  const { digest } = descriptor;
  const found = known.get(digest) ?? fetch(descriptor);
  known.set(digest, found);
  return found;
}
