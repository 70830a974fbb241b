import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BlobUpload, uploadBlob } from '../../src/push/blob-upload.js';
import { pushTarget } from '../../src/push/push-target.js';
import { createRegistries } from '../../src/registry/registries.js';
import { type UploadRegistry, uploadRegistry } from '../support/upload-registry.js';

const content = randomBytes(300_000);
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
const blob = { mediaType: 'application/x', digest, size: content.length };

let registry: UploadRegistry;
let offsets: number[];
let opened: number;

beforeEach(async () => {
  registry = await uploadRegistry();
  offsets = [];
  opened = 0;
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
});

async function upload(options: Partial<BlobUpload> = {}) {
  using registries = createRegistries({ credentials: () => undefined, retryDelayMs: 1 });
  const signal = options.signal ?? new AbortController().signal;
  const place = { domain: registry.host, path: 'team/app' };
  const target = pushTarget(await registries.open(place, { signal }));
  return await uploadBlob(target, {
    ...{ blob, signal, mountFrom: undefined, chunkBytes: undefined },
    async *read(from, to) {
      opened += 1;
      for (let at = from; at < to; at += 20_000)
        yield content.subarray(at, Math.min(at + 20_000, to));
    },
    onOffset: (offset) => void offsets.push(offset),
    ...options,
  });
}

const methods = () => registry.requests.map((request) => request.split(' ')[0]);

describe('the upload of a blob', () => {
  it('is one request when nothing is said of chunks, with the state that the registry gave', async () => {
    expect(await upload()).toBe('uploaded');
    expect(registry.blobs.get(digest)?.equals(content)).toBe(true);
    expect(methods()).toEqual(['POST', 'PUT']);
    expect(registry.requests[1]).toContain('state=a%3D%3D');
    expect(registry.requests[1]).toContain(`digest=${encodeURIComponent(digest)}`);
    expect(offsets.at(-1)).toBe(content.length);
  });

  it.each([
    [100_000, 3],
    [100_001, 3],
    [299_999, 2],
    [300_000, 0],
    [1 << 30, 0],
  ])('in chunks of %d bytes is %d of them, and an end without content', async (size, chunks) => {
    await upload({ chunkBytes: size });
    expect(registry.blobs.get(digest)?.equals(content)).toBe(true);
    expect(methods().filter((method) => method === 'PATCH')).toHaveLength(chunks);
    expect(methods().at(-1)).toBe('PUT');
  });

  it('makes its chunks no smaller than the registry allows', async () => {
    registry.mischief = (request, response) => {
      if (request.method === 'POST') response.setHeader('oci-chunk-min-length', '200000');
      return false;
    };
    await upload({ chunkBytes: 1000 });
    expect(methods()).toEqual(['POST', 'PATCH', 'PATCH', 'PUT']);
  });

  it('of nothing at all works as well', async () => {
    const empty = `sha256:${createHash('sha256').digest('hex')}`;
    await upload({ blob: { ...blob, digest: empty, size: 0 } });
    expect(registry.blobs.get(empty)).toHaveLength(0);
  });

  it('is spared when the registry can mount the blob', async () => {
    registry.blobs.set(digest, content);
    expect(await upload({ mountFrom: 'team/other' })).toBe('mounted');
    expect(registry.requests).toEqual([
      `POST /v2/team/app/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=team%2Fother`,
    ]);
  });

  it('happens after all when what was to be mounted is not there', async () => {
    expect(await upload({ mountFrom: 'team/other' })).toBe('uploaded');
    expect(methods()).toEqual(['POST', 'PUT']);
  });

  it.each([403, 404])('happens after all when mounting is answered by %d', async (status) => {
    registry.mischief = (request, response) => {
      if (request.url?.includes('mount=') !== true) return false;
      response.writeHead(status).end();
      return true;
    };
    expect(await upload({ mountFrom: 'team/other' })).toBe('uploaded');
    expect(methods()).toEqual(['POST', 'POST', 'PUT']);
  });
});

describe('an upload whose connection breaks', () => {
  /** Breaks the first requests with content, each after some bytes. */
  function breakAfter(...sizes: readonly number[]): void {
    const left = [...sizes];
    registry.mischief = async (request, _response, held) => {
      if (request.method !== 'PUT' && request.method !== 'PATCH') return false;
      const size = left.shift();
      if (size === undefined || held === undefined) return false;
      const { socket } = request;
      let seen = 0;
      for await (const chunk of request) {
        const part = chunk.subarray(0, size - seen);
        held.bytes = Buffer.concat([held.bytes, part]);
        seen += part.length;
        if (seen >= size) break;
      }
      socket.destroy();
      return true;
    };
  }

  it('goes on where the registry says that it is', async () => {
    breakAfter(123_456);
    expect(await upload()).toBe('uploaded');
    expect(registry.blobs.get(digest)?.equals(content)).toBe(true);
    expect(methods()).toEqual(['POST', 'PUT', 'GET', 'PATCH', 'PUT']);
    expect(registry.received()).toBe(content.length - 123_456);
  });

  it('begins anew when the registry has forgotten', async () => {
    breakAfter(100_000);
    const broken = registry.mischief;
    registry.mischief = async (request, response, held) => {
      if (request.method !== 'GET') return (await broken?.(request, response, held)) ?? false;
      registry.uploads.clear();
      return false;
    };
    expect(await upload()).toBe('uploaded');
    expect(registry.blobs.get(digest)?.equals(content)).toBe(true);
    expect(methods()).toEqual(['POST', 'PUT', 'GET', 'DELETE', 'POST', 'PUT']);
    expect(opened).toBe(2);
  });

  it('gives up after five attempts, and gives the upload back', async () => {
    breakAfter(...Array.from({ length: 50 }, () => 1000));
    await expect(upload()).rejects.toMatchObject({ code: 'unavailable' });
    expect(methods().filter((method) => method === 'PUT' || method === 'PATCH')).toHaveLength(5);
    expect(methods().at(-1)).toBe('DELETE');
    expect(registry.uploads.size).toBe(0);
  });

  it('ends up the same wherever it breaks, and however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 250_000 }), { maxLength: 3 }),
        fc.option(fc.integer({ min: 20_000, max: 400_000 }), { nil: undefined }),
        async (sizes, chunkBytes) => {
          registry.blobs.clear();
          breakAfter(...sizes);
          await upload({ chunkBytes });
          expect(registry.blobs.get(digest)?.equals(content)).toBe(true);
          expect(registry.uploads.size).toBe(0);
        },
      ),
      { numRuns: 8 },
    );
  });
});

describe('an upload that fails', () => {
  it('passes on the failure of its content, and gives the upload back', async () => {
    const failure = new Error('the disk is on fire');
    await expect(
      upload({
        async *read() {
          yield content.subarray(0, 1000);
          throw failure;
        },
      }),
    ).rejects.toMatchObject({ message: expect.stringContaining('the disk is on fire') });
    expect(registry.uploads.size).toBe(0);
    expect(registry.blobs.size).toBe(0);
  });

  it('ends when it is aborted, and gives the upload back', async () => {
    const controller = new AbortController();
    await expect(
      upload({
        signal: controller.signal,
        onOffset: (offset) => {
          if (offset > 50_000) controller.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'aborted' });
    expect(methods().at(-1)).toBe('DELETE');
    expect(registry.uploads.size).toBe(0);
  });

  it.each([
    ['nowhere', undefined],
    ['what is no address', 'http://'],
    ['another protocol', 'ftp://example.com/upload'],
  ])('does not upload to %s', async (_, location) => {
    registry.mischief = (_request, response) => {
      response.writeHead(202, location === undefined ? {} : { location }).end();
      return true;
    };
    await expect(upload()).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'upload',
    });
    expect(opened).toBe(0);
  });

  it('sends no credentials to where the registry sends it', async () => {
    await using elsewhere = await uploadRegistry();
    elsewhere.uploads.set('1', { bytes: Buffer.alloc(0) });
    registry.mischief = (request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
        return true;
      }
      const location = `http://${elsewhere.host}/v2/team/app/blobs/uploads/1`;
      response.writeHead(202, { location }).end();
      return true;
    };
    using registries = createRegistries({
      credentials: () => ({ username: 'me', password: 'secret' }),
    });
    const { signal } = new AbortController();
    const place = { domain: registry.host, path: 'team/app' };
    const target = pushTarget(await registries.open(place, { signal }));
    await uploadBlob(target, {
      ...{ blob, signal, mountFrom: undefined, chunkBytes: undefined, onOffset: () => {} },
      async *read(from, to) {
        yield content.subarray(from, to);
      },
    });
    expect(registry.authorizations.at(-1)).toMatch(/^Basic /);
    expect(elsewhere.authorizations).toEqual([undefined]);
    expect(elsewhere.blobs.has(digest)).toBe(true);
  });
});
