import { asObject, type Descriptor, strings } from '../oci/descriptor.js';
import { limits, parseDocument, parseJson } from '../oci/manifest.js';
import { mediaTypes } from '../oci/media-types.js';
import {
  completeReference,
  formatReference,
  normalizeReference,
  parseReference,
} from '../reference/reference.js';
import { type IngestedArchive, type IngestedFile, notAnImage } from './ingest-archive.js';

/** An image that an archive holds, before it has a record. */
export interface ArchiveImage {
  /** Normalized references. */
  readonly names: readonly string[];
  /** What the names mean: a blob that is in the store, or a document to be written to it. */
  readonly target: Descriptor | { readonly document: Uint8Array; readonly mediaType: string };
}

/** containerd's own clients name images by it, in full. */
export const imageNameAnnotation = 'io.containerd.image.name';
/** OCI's: a full reference or only a tag, as the writer sees it. */
export const refNameAnnotation = 'org.opencontainers.image.ref.name';

/**
 * The images of an OCI layout or Docker archive. `name` names the only image of an archive, or is
 * the repository of images that have only a tag.
 *
 * Throws `invalid-argument` (field `source`) when it is neither, or one has no name.
 */
export function archiveImages(
  archive: IngestedArchive,
  name: string | undefined,
): readonly ArchiveImage[] {
  if (archive.layout !== undefined && archive.index !== undefined) {
    return layoutImages(archive.layout, archive.index, name);
  }
  if (archive.manifest !== undefined) return dockerImages(archive, archive.manifest, name);
  throw notAnImage('it has neither oci-layout and index.json nor manifest.json');
}

function layoutImages(
  layout: Uint8Array,
  document: Uint8Array,
  name: string | undefined,
): readonly ArchiveImage[] {
  const { imageLayoutVersion } = asObject(parseJson(layout, 'oci-layout'), 'oci-layout');
  if (imageLayoutVersion !== '1.0.0') throw notAnImage('its layout is not of version 1.0.0');
  const index = parseDocument(document, mediaTypes.ociIndex);
  const all = index.kind === 'index' ? index.manifests : [];
  const manifests = all.filter((entry) => !isEvidence(entry));
  const [first] = manifests;
  if (first === undefined) throw notAnImage('its index is empty');
  if (name !== undefined && manifests.length === 1) {
    return [{ names: [normalizeReference(name)], target: first }];
  }
  const named = manifests.flatMap((target) => {
    const own = annotatedName(target, name);
    return own === undefined ? [] : [{ names: [own], target }];
  });
  if (named.length > 0) return named;
  if (name === undefined) throw nameless();
  // Without names the layout is one image, with a manifest a platform.
  return [
    { names: [normalizeReference(name)], target: { document, mediaType: mediaTypes.ociIndex } },
  ];
}

/** Signatures and the like, which cosign keeps by tags of their own: they are about an image. */
function isEvidence({ annotations = {} }: Descriptor): boolean {
  const name = annotations[imageNameAnnotation] ?? annotations[refNameAnnotation] ?? '';
  return /(?:^|:)sha256-[a-f0-9]{64}\.(?:sig|att|sbom)$/.test(name);
}

function annotatedName({ annotations }: Descriptor, base: string | undefined): string | undefined {
  const full = annotations?.[imageNameAnnotation];
  if (full !== undefined) return normalizeReference(full);
  const ref = annotations?.[refNameAnnotation];
  if (ref === undefined) return undefined;
  if (/[/:@]/.test(ref)) return normalizeReference(ref);
  if (base === undefined) return undefined;
  const { domain, path } = parseReference(base);
  return formatReference(completeReference({ domain, path, tag: ref }));
}

function dockerImages(
  archive: IngestedArchive,
  document: Uint8Array,
  name: string | undefined,
): readonly ArchiveImage[] {
  const images = parseJson(document, 'manifest.json', dockerDocumentBytes);
  if (!Array.isArray(images) || images.length === 0) throw notAnImage('manifest.json is no list');
  return images.map((entry): ArchiveImage => {
    const image = asObject(entry, 'manifest.json');
    const tags = strings(image['RepoTags'], 'RepoTags');
    const given = name !== undefined && images.length === 1 ? [name] : tags;
    if (given.length === 0) throw nameless();
    const layers = strings(image['Layers'], 'Layers');
    if (layers.length > limits.layers) throw notAnImage(`it has more than ${limits.layers} layers`);
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: described(archive.file(String(image['Config'])), mediaTypes.dockerConfig),
      layers: layers.map((layer) => {
        const file = archive.file(layer);
        return described(file, layerType(file));
      }),
    };
    return {
      names: [...new Set(given.map(normalizeReference))],
      target: {
        document: Buffer.from(JSON.stringify(manifest)),
        mediaType: mediaTypes.dockerManifest,
      },
    };
  });
}

/** A Docker archive lists all its images in one document. */
const dockerDocumentBytes = 20 << 20;

function described({ digest, size }: IngestedFile, mediaType: string): Descriptor {
  return { mediaType, size, digest };
}

function layerType({ compression, digest }: IngestedFile): string {
  switch (compression) {
    case undefined:
      return mediaTypes.dockerLayer;
    case 'gzip':
      return mediaTypes.dockerLayerGzip;
    case 'zstd':
      return mediaTypes.dockerLayerZstd;
    default:
      throw notAnImage(`the layer ${digest} is packed in a way that images do not use`);
  }
}

function nameless() {
  return notAnImage('an image in it has no name: give one');
}
