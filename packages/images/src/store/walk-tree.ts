import { hasCode } from '@ctrd/core';
import type { ContentPlace, ContentStore } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import { type Index, limits, type Manifest } from '../oci/manifest.js';
import { isIndexType, isManifestType } from '../oci/media-types.js';
import { readDocument, tooDeep } from './image-tree.js';

/** A manifest or index with its descriptor. */
export interface TreeDocument {
  readonly descriptor: Descriptor;
  readonly document: Manifest | Index;
}

/** Everything below a target, each digest once. */
export interface ImageContent {
  /** Manifests and indexes, the children before their parents. */
  readonly documents: readonly TreeDocument[];
  /** Configs and layers, and what an index refers to besides manifests. */
  readonly blobs: readonly Descriptor[];
}

/**
 * What a target refers to: all of it, or only the way to one manifest. Throws `not-found` when a
 * document is missing; whether the blobs are there is not looked at.
 */
export async function walkTree(
  content: ContentStore,
  target: Descriptor,
  place: ContentPlace,
  only?: Descriptor,
): Promise<ImageContent> {
  const documents = new Map<string, TreeDocument>();
  const blobs = new Map<string, Descriptor>();

  /** Whether the descriptor belongs to what is asked for. */
  async function walk(descriptor: Descriptor, depth: number): Promise<boolean> {
    const { digest, mediaType } = descriptor;
    if (documents.has(digest)) return true;
    if (isIndexType(mediaType)) return await walkIndex(descriptor, depth);
    if (only !== undefined && only.digest !== digest) return false;
    if (!isManifestType(mediaType)) {
      blobs.set(digest, descriptor);
      return true;
    }
    const document = await readDocument(content, descriptor, place);
    if (document.kind === 'manifest') {
      for (const blob of [document.config, ...document.layers]) blobs.set(blob.digest, blob);
    }
    documents.set(digest, { descriptor, document });
    return true;
  }

  async function walkIndex(descriptor: Descriptor, depth: number): Promise<boolean> {
    if (depth >= limits.depth) throw tooDeep(descriptor.digest);
    let document: Manifest | Index;
    try {
      document = await readDocument(content, descriptor, place);
    } catch (error) {
      // What was asked for is known to be there: an index that is not cannot lead to it.
      if (only !== undefined && depth > 0 && hasCode(error, 'not-found')) return false;
      throw error;
    }
    let wanted = only === undefined || depth === 0;
    const children = document.kind === 'index' ? document.manifests : [];
    for (const child of children) wanted = (await walk(child, depth + 1)) || wanted;
    if (wanted) documents.set(descriptor.digest, { descriptor, document });
    return wanted;
  }

  await walk(target, 0);
  return { documents: [...documents.values()], blobs: [...blobs.values()] };
}
