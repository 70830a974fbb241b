import type { Descriptor } from '../oci/descriptor.js';
import { isConfigType, isIndexType, isLayerType, isManifestType } from '../oci/media-types.js';

/**
 * The name of a blob's ingest. It is the Go client's, so that whoever fetches the same blob, `ctr`
 * or another process, goes on where the other stopped.
 */
export function blobRef({ mediaType, digest }: Descriptor): string {
  return `${kindOf(mediaType)}-${digest}`;
}

function kindOf(mediaType: string): string {
  if (isManifestType(mediaType)) return 'manifest';
  if (isIndexType(mediaType)) return 'index';
  if (isLayerType(mediaType)) return 'layer';
  if (isConfigType(mediaType)) return 'config';
  return mediaType === 'application/vnd.in-toto+json' ? 'attestation' : 'unknown';
}
