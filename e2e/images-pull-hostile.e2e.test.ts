import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Blob,
  busyboxImage,
  daemon,
  descriptor,
  file,
  type Image,
  json,
  leakOracle,
  type Mischief,
  namespaceOf,
  type Remains,
  type TestRegistry,
  testRegistry,
} from './support/index.js';

/** Another one by `HOSTILE_SEED=…`; a failure prints it. */
const seed = Number(process.env['HOSTILE_SEED'] ?? 1);

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const credentials = { username: 'me', password: 'secret' };
const connect = () =>
  ctrd({ address: containerd.address, namespace })
    .use(
      images({
        registry: {
          ...{ credentials: () => undefined, hostsFolders: [], proxy: false },
          ...{ retryDelayMs: 5, idleTimeoutMs: 400 },
        },
      }),
    )
    .connect();

let image: Image;
let big: Blob;
let before: Remains;
let registry: TestRegistry;
let name: string;

beforeAll(async () => {
  before = await oracle.count();
  // Content is shared by all namespaces of a daemon: what is to be fetched must be nobody else's.
  const base = [file('hostile', 'nobody else has this layer\n')];
  image = await busyboxImage({ base, layers: [[file('noise', noise(700_000))]] });
  big = image.layers[1] as Blob;
});

afterAll(() => oracle.expectNothingLeft(before, 10_000));

beforeEach(async () => {
  registry = await testRegistry();
  registry.addManifest('box', image.manifest, '1');
  for (const { bytes } of [image.config, ...image.layers]) registry.addBlob(bytes);
  name = `${registry.host}/box:1`;
});

afterEach(() => registry[Symbol.asyncDispose]());

/** Bytes that do not pack, the same each time. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state & 255;
  });
}

async function pull(reference = name): Promise<void> {
  await using client = await connect();
  await client.pullImage(reference, { credentials });
  await client.removeImage(reference, { sync: true });
}

/** What is in the content store, and what is being written to it. */
async function content(): Promise<string> {
  const [blobs, ingests] = await Promise.all([
    containerd.ctr('-n', namespace, 'content', 'ls', '-q'),
    containerd.ctr('-n', namespace, 'content', 'active', '-q').catch(() => ''),
  ]);
  return `${blobs}${ingests}`.trim();
}

/** Nothing is left once the daemon has collected; removing an image waits for that. */
async function collected(): Promise<string> {
  registry.misbehave(undefined);
  await pull();
  return await content();
}

const isBig: (url: string | undefined) => boolean = (url = '') => url.endsWith(big.digest);

/** Mischief with the big layer alone, the first so many times. */
function withLayer(mischief: Mischief, times = Number.POSITIVE_INFINITY): Mischief {
  let left = times;
  return (request, response) =>
    isBig(request.url) && left-- > 0 ? mischief(request, response) : false;
}

const status = (code: number, headers: Record<string, string> = {}): Mischief => {
  return (_, response) => {
    response.writeHead(code, headers).end();
    return true;
  };
};

/** The true layer, or a part of it, from where it was asked for. */
function part(end: (response: Parameters<Mischief>[1]) => void, bytes: number): Mischief {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      ...(from > 0 ? { 'content-range': `bytes ${from}-${big.size - 1}/${big.size}` } : {}),
      'content-length': String(big.size - from),
    });
    response.write(big.bytes.subarray(from, from + bytes), () => end(response));
    return true;
  };
}

/** The big layer, cut off by a reset after so many bytes, and again. */
function resetsAt(...counts: number[]): Mischief {
  return withLayer((request, response) => {
    const bytes = counts.shift();
    if (bytes === undefined) return false;
    return part((r) => r.socket?.resetAndDestroy(), bytes)(request, response);
  });
}

describe('a registry that recovers', () => {
  it.each<[string, Mischief]>([
    ['says 500 at first', withLayer(status(500), 2)],
    ['says 429 with Retry-After', withLayer(status(429, { 'retry-after': '1' }), 1)],
    [
      'breaks off in the middle, twice',
      withLayer(
        part((r) => r.destroy(), 200_000),
        2,
      ),
    ],
    [
      'half-closes the connection in the middle',
      withLayer(
        part((r) => r.socket?.end(), 150_000),
        1,
      ),
    ],
    [
      'resets the connection at the first byte, at odd ones and near the end',
      resetsAt(1, 65_537, 500_000),
    ],
    [
      'falls silent in the middle',
      withLayer(
        part(() => {}, 100_000),
        1,
      ),
    ],
    [
      'knows no ranges',
      (() => {
        let broken = false;
        return withLayer((request, response) => {
          if (!broken) {
            broken = true;
            return part((r) => r.destroy(), 300_000)(request, response);
          }
          response.writeHead(200, { 'content-length': String(big.size) }).end(big.bytes);
          return true;
        });
      })(),
    ],
    [
      'sends slowly, in small pieces',
      withLayer(async (_, response) => {
        response.writeHead(200, { 'content-length': String(big.size) });
        for (let at = 0; at < big.size; at += 70_000) {
          response.write(big.bytes.subarray(at, at + 70_000));
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        response.end();
        return true;
      }),
    ],
  ])('%s: the pull succeeds', async (_, mischief) => {
    registry.misbehave(mischief);
    await pull();
    expect(await content()).toBe('');
  });

  it('resets the connection at any byte, twice: the pull succeeds', async () => {
    const places = fc.array(fc.nat(big.size - 1), { minLength: 2, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(places, async (counts) => {
        registry.misbehave(resetsAt(...counts));
        await pull();
        expect(await content()).toBe('');
      }),
      { numRuns: 5, seed, endOnFailure: true },
    );
  });

  it('is asked only for what is missing after a break', async () => {
    const ranges: (string | undefined)[] = [];
    registry.misbehave(
      withLayer((request, response) => {
        ranges.push(request.headers.range);
        return ranges.length === 1 && part((r) => r.destroy(), 300_000)(request, response);
      }),
    );
    await pull();
    expect(ranges).toHaveLength(2);
    expect(Number(ranges[1]?.slice('bytes='.length, -1))).toBeGreaterThan(100_000);
  });

  it('is gone on with by the next pull, also after this one has failed', async () => {
    registry.misbehave(
      withLayer((request, response) => {
        const isFirst = request.headers.range === undefined;
        return (isFirst ? part((r) => r.destroy(), 500_000) : status(503))(request, response);
      }),
    );
    await expect(pull()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await content()).not.toBe('');
    const ranges: (string | undefined)[] = [];
    registry.misbehave(
      withLayer((request) => {
        ranges.push(request.headers.range);
        return false;
      }),
    );
    await pull();
    expect(ranges[0]).toMatch(/^bytes=[1-9]/);
    expect(await content()).toBe('');
  });
});

describe('a registry that does wrong', () => {
  const flipped = () => Buffer.from(big.bytes).fill(0, 5000, 6000);

  it.each<[string, () => Mischief, object]>([
    [
      'serves other bytes of the same length',
      () =>
        withLayer((_, response) => {
          response.writeHead(200, { 'content-length': String(big.size) }).end(flipped());
          return true;
        }),
      { code: 'data-loss' },
    ],
    [
      'serves too few bytes as if they were all',
      () =>
        withLayer((_, response) => {
          response.end(big.bytes.subarray(0, 1000));
          return true;
        }),
      { code: 'data-loss' },
    ],
    [
      'serves too many',
      () =>
        withLayer((_, response) => {
          response.end(Buffer.concat([big.bytes, Buffer.alloc(3 << 20)]));
          return true;
        }),
      { code: 'data-loss' },
    ],
    [
      'serves another range than it was asked for',
      () => {
        let count = 0;
        return withLayer((request, response) => {
          if (count++ === 0) return part((r) => r.destroy(), 300_000)(request, response);
          response.writeHead(206, { 'content-range': `bytes ${big.size - 5}-${big.size - 1}/5` });
          response.end('wrong');
          return true;
        });
      },
      { code: 'data-loss' },
    ],
    ['has lost a layer', () => withLayer(status(404)), { code: 'not-found' }],
    ['never sends a layer', () => withLayer(() => true), { code: 'timeout', reason: 'idle' }],
    ['never says anything', () => () => true, { code: 'timeout', reason: 'idle' }],
    ['says 500 for ever', () => withLayer(status(500)), { code: 'unavailable' }],
    [
      'redirects for ever',
      () =>
        withLayer((request, response) =>
          status(307, { location: `http://${request.headers.host}${request.url}` })(
            request,
            response,
          ),
        ),
      { code: 'failed-precondition', reason: 'redirect' },
    ],
    [
      'wants a login for ever',
      () => status(401, { 'www-authenticate': 'Basic realm="box"' }),
      { code: 'unauthenticated' },
    ],
    [
      'wants a token for ever, and gives one each time',
      () => (request, response) => {
        const { host, authorization } = request.headers;
        if (request.url?.startsWith('/token') !== true) {
          const challenge = `Bearer realm="http://${host}/token",error="invalid_token"`;
          return status(401, { 'www-authenticate': challenge })(request, response);
        }
        response.end(JSON.stringify({ token: `${authorization?.length ?? 0}${Math.random()}` }));
        return true;
      },
      { code: 'unauthenticated' },
    ],
    [
      'wants a login, and does not say how',
      () => status(401),
      { code: 'unauthenticated', reason: 'scheme' },
    ],
    ['wants to be left alone', () => withLayer(status(429)), { code: 'rate-limited' }],
    [
      'redirects to a file',
      () => withLayer(status(302, { location: 'file:///etc/passwd' })),
      { code: 'failed-precondition', reason: 'redirect' },
    ],
    [
      'wants the login elsewhere',
      () => status(401, { 'www-authenticate': 'Bearer realm="http://thief.example/token"' }),
      { code: 'unauthenticated', reason: 'realm' },
    ],
    [
      'breaks every connection',
      () => (request) => {
        request.socket.destroy();
        return true;
      },
      { code: 'unavailable' },
    ],
  ])('%s: the pull fails, and nothing stays', async (_, mischief, error) => {
    registry.misbehave(mischief());
    await expect(pull()).rejects.toMatchObject(error);
    expect(await collected()).toBe('');
  });

  it('redirects to another host: credentials stay behind', async () => {
    await using store = await testRegistry();
    for (const { bytes } of image.layers) store.addBlob(bytes);
    registry.misbehave((request, response) => {
      if (request.headers.authorization === undefined) {
        return status(401, { 'www-authenticate': 'Basic realm="box"' })(request, response);
      }
      const isLayer = image.layers.some(({ digest }) => request.url?.endsWith(digest));
      return (
        isLayer &&
        status(307, { location: `http://${store.host}${request.url}` })(request, response)
      );
    });
    await pull();
    expect(store.requests).toHaveLength(image.layers.length);
    expect(store.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    expect(await content()).toBe('');
  });
});

describe('a manifest that is not what it should be', () => {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const indexType = 'application/vnd.oci.image.index.v1+json';
  const good = () => ({
    ...{ schemaVersion: 2, mediaType, config: descriptor(image.config) },
    layers: image.layers.map(descriptor),
  });
  const sized = (size: number) => ({ ...descriptor(big), size });

  it.each<[string, () => Blob, object]>([
    [
      'is an index as well',
      () => json(mediaType, { ...good(), manifests: [] }),
      { code: 'data-loss' },
    ],
    [
      'is an index with layers',
      () => json(indexType, { schemaVersion: 2, mediaType: indexType, manifests: [], layers: [] }),
      { code: 'data-loss' },
    ],
    [
      'says that it is something else',
      () => json(mediaType, { ...good(), mediaType: indexType }),
      { code: 'data-loss' },
    ],
    [
      'is of a type that is no image',
      () => json('application/octet-stream', { ...good(), mediaType: undefined }),
      { code: 'unimplemented' },
    ],
    [
      'is not JSON',
      () => ({ ...json(mediaType, 0), bytes: Buffer.from('{') }),
      { code: 'data-loss' },
    ],
    [
      'is huge',
      () => json(mediaType, { ...good(), annotations: { a: 'x'.repeat(5 << 20) } }),
      { code: 'too-large' },
    ],
    [
      'has a huge number of layers',
      () => json(mediaType, { ...good(), layers: Array(600).fill(descriptor(big)) }),
      { code: 'too-large' },
    ],
    [
      'has fewer layers than the config',
      () => json(mediaType, { ...good(), layers: [descriptor(big)] }),
      { code: 'data-loss' },
    ],
    [
      'says a wrong size',
      () =>
        json(mediaType, { ...good(), layers: [descriptor(image.layers[0] as Blob), sized(99)] }),
      { code: 'data-loss' },
    ],
    [
      'has its layers in another order than the config',
      () => json(mediaType, { ...good(), layers: image.layers.toReversed().map(descriptor) }),
      { code: 'data-loss', reason: 'diff-id' },
    ],
  ])('%s: the pull fails, and nothing stays', async (_, manifest, error) => {
    const made = manifest();
    registry.addManifest('box', { mediaType: made.mediaType, bytes: made.bytes }, 'bad');
    await expect(pull(`${registry.host}/box:bad`)).rejects.toMatchObject(error);
    expect(await collected()).toBe('');
  });

  it('hides behind many indexes', async () => {
    let inner: Blob = image.manifest;
    for (let depth = 0; depth < 10; depth++) {
      inner = json(indexType, { schemaVersion: 2, manifests: [descriptor(inner)], depth });
      registry.addManifest('box', inner, 'deep');
    }
    await expect(pull(`${registry.host}/box:deep`)).rejects.toMatchObject({ code: 'too-large' });
    expect(await collected()).toBe('');
  });

  it('is not the one that the registry said the tag means', async () => {
    const other = json(mediaType, { ...good(), annotations: { other: 'yes' } });
    const { digest } = image.manifest;
    registry.addManifest('box', { mediaType, bytes: other.bytes, digest }, 'lied');
    await expect(pull(`${registry.host}/box:lied`)).rejects.toMatchObject({ code: 'data-loss' });
    registry.addManifest('box', image.manifest);
    expect(await collected()).toBe('');
  });

  it('is not the one of the digest that was asked for', async () => {
    const other = json(mediaType, { ...good(), annotations: { other: 'yes' } });
    const { digest } = image.manifest;
    registry.addManifest('box', { mediaType, bytes: other.bytes, digest });
    await expect(pull(`${registry.host}/box@${digest}`)).rejects.toMatchObject({
      code: 'data-loss',
    });
    registry.addManifest('box', image.manifest);
    expect(await collected()).toBe('');
  });
});
