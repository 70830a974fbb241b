import type { ContentPlace, ContentStore } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import { limits } from '../oci/manifest.js';
import { isIndexType, isManifestType } from '../oci/media-types.js';
import { gcLabels } from './gc-labels.js';
import { readDocument, tooDeep } from './image-tree.js';

/**
 * Labels the manifests and indexes below a target, so that what they refer to stays as long as they
 * do. Children that are not there (other platforms) are left out.
 */
export async function labelTree(
  content: ContentStore,
  target: Descriptor,
  place: ContentPlace,
  depth = 0,
): Promise<void> {
  if (!isIndexType(target.mediaType) && !isManifestType(target.mediaType)) return;
  if (depth >= limits.depth) throw tooDeep(target.digest);
  if (depth > 0 && (await content.find(target.digest, place)) === undefined) return;
  const document = await readDocument(content, target, place);
  await content.label(target.digest, gcLabels(document), place);
  if (document.kind !== 'index') return;
  for (const child of document.manifests) await labelTree(content, child, place, depth + 1);
}
