import { hasCode } from '@ctrd/core';
import type { Registry } from '../registry/registries.js';
import type { ImageEvidence } from '../verify/image-policy.js';
import { remoteBlob, remoteDocument } from './remote-blob.js';
import { resolveTarget } from './resolve-target.js';

/** What stands beside an image in its repository. */
export function pullEvidence(registry: Registry, signal: AbortSignal): ImageEvidence {
  const { domain, repository: path } = registry;
  return {
    async manifest(tag) {
      try {
        const { descriptor, bytes } = await resolveTarget(registry, { domain, path, tag }, signal);
        const document = bytes ?? (await remoteDocument(registry, descriptor, signal));
        return { descriptor, bytes: document };
      } catch (error) {
        if (hasCode(error, 'not-found')) return undefined;
        throw error;
      }
    },
    blob: (descriptor) => remoteBlob(registry, descriptor, signal),
  };
}
