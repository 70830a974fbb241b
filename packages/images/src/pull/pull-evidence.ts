import { CtrdError, hasCode } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import { verifyBytes } from '../oci/digest.js';
import { limits } from '../oci/manifest.js';
import { readLimited } from '../registry/read-limited.js';
import type { Registry } from '../registry/registries.js';
import type { ImageEvidence } from '../verify/image-policy.js';
import { acceptDocuments, pullScopes, resolveTarget } from './resolve-target.js';

/** A manifest or index by its digest, without the content store: verified, and within the limit. */
export async function remoteDocument(
  registry: Registry,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { digest } = descriptor;
  const bytes = await get(registry, `manifests/${digest}`, acceptDocuments, signal);
  verifyBytes(bytes, descriptor);
  return bytes;
}

async function get(
  registry: Registry,
  path: string,
  accept: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { repository } = registry;
  const answer = await registry.request('pull', {
    ...{ method: 'GET', path: `${repository}/${path}`, scopes: pullScopes(repository), signal },
    ...{ headers: { accept }, accept: [200] },
  });
  return await readLimited(answer.body, limits.documentBytes, 'what the registry serves');
}

/** What stands beside an image in its repository. */
export function pullEvidence(registry: Registry, signal: AbortSignal): ImageEvidence {
  const { domain, repository } = registry;
  return {
    async manifest(tag) {
      try {
        const { descriptor, bytes } = await resolveTarget(
          registry,
          { domain, path: repository, tag },
          signal,
        );
        const document = bytes ?? (await remoteDocument(registry, descriptor, signal));
        return { descriptor, bytes: document };
      } catch (error) {
        if (hasCode(error, 'not-found')) return undefined;
        throw error;
      }
    },
    async blob(descriptor) {
      const { digest, size } = descriptor;
      if (size > limits.documentBytes) {
        throw new CtrdError('the blob is too large', { code: 'too-large', subject: digest });
      }
      const bytes = await get(registry, `blobs/${digest}`, '*/*', signal);
      verifyBytes(bytes, descriptor);
      return bytes;
    },
  };
}
