import { CtrdError, throwIfAborted } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import { verifyBytes } from '../oci/digest.js';
import { limits } from '../oci/manifest.js';
import { readLimited } from '../registry/read-limited.js';
import { furthest, noHost, type Registry } from '../registry/registries.js';
import { pullScope } from '../registry/scopes.js';
import { acceptDocuments } from './resolve-target.js';

/** A manifest or index by its digest, without the content store: verified, and within the limit. */
export function remoteDocument(
  registry: Registry,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return fetched(registry, descriptor, { kind: 'manifests', accept: acceptDocuments, signal });
}

/** A small blob in the same way. Throws `too-large` beyond the limit of documents. */
export async function remoteBlob(
  registry: Registry,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (descriptor.size > limits.documentBytes) {
    throw new CtrdError('the blob is too large', { code: 'too-large', subject: descriptor.digest });
  }
  return await fetched(registry, descriptor, { kind: 'blobs', accept: '*/*', signal });
}

/** What one host serves wrongly, the next may serve right. */
async function fetched(
  registry: Registry,
  descriptor: Descriptor,
  { kind, accept, signal }: { kind: string; accept: string; signal: AbortSignal },
): Promise<Uint8Array> {
  const { repository } = registry;
  let worst: unknown;
  for (const host of registry.hosts('pull')) {
    try {
      const answer = await host.request({
        ...{ method: 'GET', path: `${repository}/${kind}/${descriptor.digest}` },
        ...{ headers: { accept }, accept: [200], scopes: [pullScope(repository)], signal },
      });
      const bytes = await readLimited(
        answer.body,
        limits.documentBytes,
        'what the registry serves',
      );
      verifyBytes(bytes, descriptor);
      return bytes;
    } catch (error) {
      throwIfAborted(signal);
      worst = furthest(worst, error);
    }
  }
  throw worst ?? noHost(registry.domain, 'pull');
}
