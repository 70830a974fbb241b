import { CtrdError, hasCode } from '@ctrd/core';
import { verifyBytes } from '../oci/digest.js';
import { limits } from '../oci/manifest.js';
import { readLimited } from '../registry/read-limited.js';
import type { Registry } from '../registry/registries.js';
import type { ImageEvidence } from '../verify/image-policy.js';
import { acceptDocuments, pullScopes, resolveTarget } from './resolve-target.js';

/** What stands beside an image in its repository. */
export function pullEvidence(registry: Registry, signal: AbortSignal): ImageEvidence {
  const { domain, repository } = registry;

  async function get(path: string, maxBytes: number, accept: string): Promise<Uint8Array> {
    const answer = await registry.request('pull', {
      ...{ method: 'GET', path: `${repository}/${path}`, scopes: pullScopes(repository), signal },
      ...{ headers: { accept }, accept: [200] },
    });
    return await readLimited(answer.body, maxBytes, 'what stands beside the image');
  }

  return {
    async manifest(tag) {
      try {
        const { descriptor, bytes } = await resolveTarget(
          registry,
          { domain, path: repository, tag },
          signal,
        );
        const { digest } = descriptor;
        const document =
          bytes ?? (await get(`manifests/${digest}`, limits.documentBytes, acceptDocuments));
        verifyBytes(document, descriptor);
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
      const bytes = await get(`blobs/${digest}`, size, '*/*');
      verifyBytes(bytes, descriptor);
      return bytes;
    },
  };
}
