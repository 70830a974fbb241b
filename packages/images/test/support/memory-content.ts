import { createHash } from 'node:crypto';
import { CtrdError } from '@ctrd/core';
import type { ContentStore } from '../../src/content/content-store.js';

/** A blob and its labels. */
export interface StoredBlob {
  readonly bytes: Buffer;
  readonly labels: Record<string, string>;
}

/** A content store in memory, as far as the tests of archives and trees need one. */
export function memoryContent(): {
  readonly content: ContentStore;
  readonly blobs: Map<string, StoredBlob>;
  /** Names of the writes, in order. */
  readonly refs: string[];
  add(bytes: Uint8Array | string): string;
} {
  const blobs = new Map<string, StoredBlob>();
  const refs: string[] = [];

  function add(bytes: Uint8Array | string): string {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, { bytes: Buffer.from(bytes), labels: {} });
    return digest;
  }

  function stored(digest: string): StoredBlob {
    const blob = blobs.get(digest);
    if (blob !== undefined) return blob;
    throw new CtrdError('is not there', { code: 'not-found', subject: digest });
  }

  const content: Pick<ContentStore, 'write' | 'readAll' | 'find' | 'label'> = {
    async write({ ref, digest, source }, { signal }) {
      refs.push(ref);
      const parts: Uint8Array[] = [];
      for await (const part of source(0, signal)) parts.push(part);
      const actual = add(Buffer.concat(parts));
      if (digest !== undefined && digest !== actual) {
        blobs.delete(actual);
        throw new CtrdError('is something else', { code: 'data-loss', reason: 'digest' });
      }
      return { digest: actual, size: stored(actual).bytes.length, existed: false };
    },
    readAll: async ({ digest }) => stored(digest).bytes,
    async find(digest) {
      const blob = blobs.get(digest);
      const dates = { createdAt: new Date(0), updatedAt: new Date(0) };
      return blob && { digest, size: blob.bytes.length, labels: blob.labels, ...dates };
    },
    async label(digest, labels) {
      Object.assign(stored(digest).labels, labels);
    },
  };
  return { content: content as ContentStore, blobs, refs, add };
}
