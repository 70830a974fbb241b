import { CtrdError } from '@ctrd/core';
import type { ContentPlace } from '../content/content-store.js';
import type { Descriptor } from '../oci/descriptor.js';
import { limits } from '../oci/manifest.js';
import type { ImageParts } from '../parts.js';
import type { PushTarget } from './push-target.js';

/** Whether a tag or digest of the repository is this very manifest. */
export async function hasManifest(
  target: PushTarget,
  { digest, mediaType }: Descriptor,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await target.request({
    ...{ method: 'HEAD', path: `manifests/${name}`, accept: [200, 404], signal },
    headers: { accept: mediaType },
  });
  answer.discard();
  if (answer.status === 404) return false;
  const said = answer.headers['docker-content-digest'];
  return said === digest || (said === undefined && name === digest);
}

/**
 * Puts a manifest, byte for byte as it is in the daemon, under a tag or under its digest. Answers
 * whether it was sent: it is not when it is there already. Throws `data-loss` when the registry took
 * it for something else.
 */
export async function pushManifest(
  { content }: ImageParts,
  target: PushTarget,
  manifest: Descriptor,
  name: string,
  place: ContentPlace,
): Promise<boolean> {
  const { signal } = place;
  const { mediaType, digest } = manifest;
  if (await hasManifest(target, manifest, name, signal)) return false;
  const bytes = await content.readAll(manifest, limits.documentBytes, place);
  const answer = await target.request({
    ...{ method: 'PUT', path: `manifests/${name}`, accept: [200, 201, 202], signal },
    headers: { 'content-type': mediaType, 'content-length': String(bytes.byteLength) },
    body: async function* () {
      yield bytes;
    },
  });
  answer.discard();
  const said = answer.headers['docker-content-digest'];
  if (said !== undefined && said !== digest) {
    throw new CtrdError(`the registry took the manifest for ${said}`, {
      code: 'data-loss',
      reason: 'digest',
      subject: digest,
    });
  }
  return true;
}
