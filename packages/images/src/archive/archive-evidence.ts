import type { ContentPlace, ContentStore } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import { limits, parseDocument } from '../oci/manifest.js';
import { mediaTypes } from '../oci/media-types.js';
import { parseReference } from '../reference/reference.js';
import type { ImageEvidence } from '../verify/image-policy.js';
import { imageNameAnnotation, refNameAnnotation } from './archive-images.js';
import type { IngestedArchive } from './ingest-archive.js';

/**
 * What an archive holds beside an image: the other entries of its layout, by their tag. They need
 * no name in full: an entry with only a tag is taken to be of the image's repository.
 */
export function archiveEvidence(
  content: ContentStore,
  { index }: Pick<IngestedArchive, 'index'>,
  reference: string,
  place: ContentPlace,
): ImageEvidence {
  const { domain, path } = parseReference(reference);
  const read = (descriptor: Descriptor) => content.readAll(descriptor, limits.documentBytes, place);
  return {
    async manifest(tag) {
      const document = index && parseDocument(index, mediaTypes.ociIndex);
      if (document?.kind !== 'index') return undefined;
      const descriptor = document.manifests.find(({ annotations = {} }) => {
        const full = annotations[imageNameAnnotation];
        if (full === undefined) return annotations[refNameAnnotation] === tag;
        const named = parseReference(full);
        return named.domain === domain && named.path === path && named.tag === tag;
      });
      return descriptor && { descriptor, bytes: await read(descriptor) };
    },
    blob: read,
  };
}
