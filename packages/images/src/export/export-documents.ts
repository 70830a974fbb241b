import { imageNameAnnotation, refNameAnnotation } from '../archive/archive-images.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { Manifest } from '../oci/manifest.js';
import { mediaTypes } from '../oci/media-types.js';
import { parseReference } from '../reference/reference.js';

/** An image to be exported, and what is known of it. */
export interface ExportedImage {
  readonly name: string;
  readonly target: Descriptor;
  /** What Docker makes of it: its archives know one platform. */
  readonly manifest: Manifest | undefined;
}

/** The path of a blob in an OCI layout. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

export const layoutDocument = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** `index.json`: the targets as they are, so that their digests stay, under their names. */
export function indexDocument(images: readonly ExportedImage[]): Buffer {
  const manifests = images.map(({ name, target: { mediaType, digest, size, annotations } }) => ({
    ...{ mediaType, digest, size },
    annotations: sorted({ ...annotations, ...nameAnnotations(name) }),
  }));
  return json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

/**
 * Docker's `manifest.json`, with the layers as they are stored: Docker, podman and skopeo
 * unpack them by their first bytes. `undefined` when Docker could not use any of the images.
 */
export function dockerDocument(images: readonly ExportedImage[]): Buffer | undefined {
  const entries = new Map<string, { Config: string; RepoTags: string[]; Layers: string[] }>();
  for (const { name, manifest } of images) {
    if (manifest === undefined) continue;
    const Config = blobPath(manifest.config.digest);
    const Layers = manifest.layers.map(({ digest }) => blobPath(digest));
    // Docker takes two entries of one config for two images.
    const key = [Config, ...Layers].join();
    const entry = entries.get(key) ?? { Config, RepoTags: [], Layers };
    entries.set(key, entry);
    // In full: podman takes a short one to be of no registry.
    if (parsed(name)?.digest === undefined) entry.RepoTags.push(name);
  }
  return entries.size === 0 ? undefined : json([...entries.values()]);
}

function nameAnnotations(name: string): Record<string, string> {
  const tag = parsed(name)?.tag;
  return {
    [imageNameAnnotation]: name,
    ...(tag === undefined ? {} : { [refNameAnnotation]: tag }),
  };
}

/** The daemon tells annotations in any order; the same image is to be the same archive. */
function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Other clients name records as they like. */
function parsed(name: string) {
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}

function json(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document));
}
