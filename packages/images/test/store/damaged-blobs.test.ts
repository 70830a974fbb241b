import { CtrdError, type Lease, type Leases } from '@ctrd/core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BlobInfo, ContentStore } from '../../src/content/content-store.js';
import { verifyBytes } from '../../src/oci/digest.js';
import { damagedBlobs, dropBlobs } from '../../src/store/damaged-blobs.js';
import { memoryContent } from '../support/memory-content.js';

const place = { signal: new AbortController().signal };
const leases: Pick<Leases, 'create' | 'delete'> = {
  create: async () => ({ id: 'short', async [Symbol.asyncDispose]() {} }) as unknown as Lease,
  async delete() {},
};
let memory: ReturnType<typeof memoryContent>;
let parts: { content: ContentStore; leases: Leases };
/** When the records were made: another one after each rewrite. */
let createdAt: Date;

beforeEach(() => {
  memory = memoryContent();
  createdAt = new Date(1);
  const content: Pick<ContentStore, 'find' | 'read' | 'delete'> = {
    async find(digest): Promise<BlobInfo | undefined> {
      const found = await memory.content.find(digest, place);
      return found && { ...found, createdAt };
    },
    async *read(blob) {
      const bytes = await memory.content.readAll(blob, Number.POSITIVE_INFINITY, place);
      verifyBytes(bytes, blob);
      yield bytes;
    },
    async delete(digest) {
      memory.blobs.delete(digest);
    },
  };
  parts = { content: content as ContentStore, leases: leases as Leases };
});

describe('damaged blobs', () => {
  it('are those that are gone or not what their digests say', async () => {
    const [good, bad, gone] = ['good', 'bad', 'gone'].map((text) => memory.add(text));
    memory.blobs.get(bad as string)?.bytes.fill(0);
    memory.blobs.delete(gone as string);
    const blobs = [good, bad, gone].map((digest) => ({ digest: digest as string, size: 99 }));
    expect(await damagedBlobs(parts, blobs, place)).toEqual([
      { digest: bad, createdAt },
      { digest: gone, createdAt: undefined },
    ]);
  });

  it('are not looked for on a disk that cannot be read', async () => {
    const error = new CtrdError('input/output error', { code: 'unknown' });
    const content: ContentStore = {
      ...parts.content,
      // biome-ignore lint/correctness/useYield: it fails at once.
      async *read() {
        throw error;
      },
    };
    const blob = { digest: memory.add('good') };
    await expect(damagedBlobs({ content }, [blob], place)).rejects.toBe(error);
  });

  it('are dropped, unless somebody has written them anew meanwhile', async () => {
    const [one, other] = [memory.add('one'), memory.add('other')];
    for (const { bytes } of memory.blobs.values()) bytes.fill(0);
    const found = await damagedBlobs(parts, [{ digest: one }, { digest: other }], place);
    await dropBlobs(parts, found.slice(0, 1), place);
    createdAt = new Date(2);
    await dropBlobs(parts, found.slice(1), place);
    expect([...memory.blobs.keys()]).toEqual([other]);
  });
});
