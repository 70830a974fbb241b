import { CtrdError } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf, isDigest, verifyBytes } from '../oci/digest.js';
import { limits } from '../oci/manifest.js';
import { isIndexType, isManifestType, mediaTypes } from '../oci/media-types.js';
import type { ImageReference } from '../reference/reference.js';
import { readLimited } from '../registry/read-limited.js';
import type { Registry } from '../registry/registries.js';
import { pullScope } from '../registry/scopes.js';

/** What a reference means, and the document when it had to be fetched to know. */
export interface ResolvedTarget {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array | undefined;
}

/** What manifests and indexes may be. */
export const acceptDocuments = [
  ...[mediaTypes.ociIndex, mediaTypes.ociManifest],
  ...[mediaTypes.dockerList, mediaTypes.dockerManifest],
].join(', ');

/**
 * Asks the registry what a tag or digest means. A tag only hosts that are trusted with it are asked
 * for; what is named by its digest anyone may serve.
 */
export async function resolveTarget(
  registry: Registry,
  { tag, digest }: ImageReference,
  signal: AbortSignal,
): Promise<ResolvedTarget> {
  const capability = digest === undefined ? 'resolve' : 'pull';
  const { repository } = registry;
  const request = {
    path: `${repository}/manifests/${digest ?? tag}`,
    scopes: [pullScope(repository)],
    headers: { accept: acceptDocuments },
    signal,
  } as const;
  // Registries count a HEAD less than a GET. Those that refuse it may answer a GET, or say why not.
  const head = await registry.request(capability, {
    ...request,
    method: 'HEAD',
    accept: [200, 400, 403, 405, 406],
  });
  head.discard();
  const said = head.headers['docker-content-digest'];
  const size = Number(head.headers['content-length'] ?? Number.NaN);
  const mediaType = mediaTypeOf(head.headers['content-type']);
  if (head.status === 200 && isDigest(said) && size > 0 && isDocument(mediaType)) {
    if (digest !== undefined && digest !== said) throw otherDigest(digest, said);
    return { descriptor: { mediaType, digest: said, size }, bytes: undefined };
  }
  const answer = await registry.request(capability, { ...request, method: 'GET', accept: [200] });
  const bytes = await readLimited(answer.body, limits.documentBytes, 'the manifest');
  const type = documentType(mediaTypeOf(answer.headers['content-type']), bytes);
  if (digest !== undefined) verifyBytes(bytes, { digest });
  const found = digest ?? digestOf(bytes);
  return { descriptor: { mediaType: type, digest: found, size: bytes.byteLength }, bytes };
}

function mediaTypeOf(header: string | undefined): string {
  return header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isDocument(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}

/** Simple servers of files know no media types; then the document itself says what it is. */
function documentType(header: string, bytes: Uint8Array): string {
  if (isDocument(header)) return header;
  let said: unknown;
  try {
    said = (JSON.parse(Buffer.from(bytes).toString()) as { mediaType?: unknown } | null)?.mediaType;
  } catch {
    said = undefined;
  }
  if (typeof said === 'string' && isDocument(said)) return said;
  throw new CtrdError(`the reference means no image but a ${(header || 'thing').slice(0, 255)}`, {
    code: 'unimplemented',
    reason: 'not-an-image',
  });
}

function otherDigest(wanted: string, said: string): CtrdError {
  return new CtrdError(`the registry says that this is ${said}`, {
    code: 'data-loss',
    reason: 'digest',
    subject: wanted,
  });
}
