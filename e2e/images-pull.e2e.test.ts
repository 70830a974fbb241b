import { ctrd } from '@ctrd/core';
import { followProgress, images, type PullImageOptions, type PullProgress } from '@ctrd/images';
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
  namespaceOf,
  type Remains,
  type TestRegistry,
  testRegistry,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const connect = () =>
  ctrd({ address: containerd.address, namespace })
    .use(
      images({
        platform: 'linux/amd64',
        registry: {
          credentials: () => undefined,
          hostsFolders: [],
          proxy: false,
          retryDelayMs: 10,
        },
      }),
    )
    .connect();

/** Content is shared by all namespaces of a daemon: what is to be fetched must be nobody else's. */
const base = [file('pulled', 'nobody else has this layer\n')];

let image: Image;
let arm: Image;
let attestation: Image;
let index: Blob;
let before: Remains;
let registry: TestRegistry;
let name: string;

beforeAll(async () => {
  before = await oracle.count();
  const layers = [[file('etc/hostname', 'second\n')], [file('third', 'third\n', { mode: 0o4755 })]];
  image = await busyboxImage({ base, layers, architecture: 'amd64' });
  arm = await busyboxImage({ base, layers, architecture: 'arm64', labels: { for: 'arm' } });
  attestation = await busyboxImage({ base, architecture: 'unknown' });
  index = indexOf([
    { ...descriptor(attestation.manifest), platform: { os: 'unknown', architecture: 'unknown' } },
    { ...descriptor(arm.manifest), platform: { os: 'linux', architecture: 'arm64' } },
    { ...descriptor(image.manifest), platform: { os: 'linux', architecture: 'amd64' } },
  ]);
});

beforeEach(async () => {
  registry = await testRegistry();
  for (const one of [image, arm, attestation]) serve(one);
  registry.addManifest('box', image.manifest, '1');
  registry.addManifest('box', index, 'multi');
  name = `${registry.host}/box:1`;
});

afterEach(() => registry[Symbol.asyncDispose]());
afterAll(() => oracle.expectNothingLeft(before, 10_000));

function serve({ manifest, config, layers }: Image): void {
  registry.addManifest('box', manifest);
  for (const { bytes } of [config, ...layers]) registry.addBlob(bytes);
}

function indexOf(manifests: readonly unknown[]): Blob {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  return json(mediaType, { schemaVersion: 2, mediaType, manifests });
}

/** Pulls, says what `ctr` thinks of the content, and removes it. */
async function pulled(reference: string, options: PullImageOptions = {}) {
  await using client = await connect();
  const events: PullProgress[] = [];
  const info = await client.pullImage(reference, {
    ...options,
    onProgress: (event) => events.push(event),
  });
  const content = await containerd.ctr('-n', namespace, 'content', 'ls', '-q');
  // It fails for images of other machines.
  const check = await containerd
    .ctr('-n', namespace, 'images', 'check', `name==${info.name}`)
    .catch(String);
  await client.removeImage(reference, { sync: true });
  return {
    info,
    events,
    check,
    digests: new Set(content.split('\n').filter((line) => line !== '')),
  };
}

const digestsOf = (...all: readonly Image[]) =>
  all.flatMap(({ manifest, config, layers }) =>
    [manifest, config, ...layers].map(({ digest }) => digest),
  );

describe('pullImage', () => {
  it('fetches, unpacks and names an image, and tells how it goes on', async () => {
    const { info, events, check, digests } = await pulled(name, { labels: { team: 'web' } });
    expect(info).toMatchObject({
      ...{ name, problem: undefined, labels: { team: 'web' } },
      target: { digest: image.manifest.digest, size: image.manifest.size },
      details: { id: image.config.digest },
    });
    expect(digests).toEqual(new Set(digestsOf(image)));
    expect(check).toMatch(/complete \(4\/4\)\s.*\strue\s*$/m);
    const steps = (ref: string) =>
      events.filter((event) => event.ref === ref).map(({ status }) => status);
    expect(steps(name)).toEqual(['resolving', 'resolved', 'done']);
    for (const { digest, size } of image.layers) {
      const seen = new Set(steps(`layer-${digest}`));
      expect([...seen]).toEqual(['waiting', 'downloading', 'done', 'unpacking']);
      expect(events.findLast(({ ref }) => ref === `layer-${digest}`)).toMatchObject({
        ...{ status: 'done', offset: size, total: size },
      });
    }
    expect(events.at(-1)).toMatchObject({ ref: name, status: 'done' });
  });

  it('fetches nothing twice, also for another snapshotter', async () => {
    await using client = await connect();
    await client.pullImage(name);
    const fetched = registry.sentBytes();
    const events: PullProgress[] = [];
    await client.pullImage(name, {
      ...{ snapshotter: 'native', onProgress: (event) => events.push(event) },
    });
    expect(registry.sentBytes()).toBe(fetched);
    const first = events.find(({ ref, status }) => /^layer/.test(ref) && status !== 'waiting');
    expect(first?.status).toBe('exists');
    await client.removeImage(name, { sync: true });
  });

  it('shares the work of pulls at the same time, and of images with the same layers', async () => {
    await using one = await connect();
    await using two = await connect();
    const other = `${registry.host}/box@${arm.manifest.digest}`;
    const all = await Promise.all([
      ...[one, one, two, two].map((client) => client.pullImage(name)),
      ...[one, two].map((client) => client.pullImage(other, { platform: 'linux/arm64' })),
    ]);
    expect(new Set(all.map(({ details }) => details?.chainId)).size).toBe(1);
    const gets = registry.requests.filter(
      ({ method, url }) => method === 'GET' && /blobs/.test(url),
    );
    // One for each blob: three layers, which both images have, and two configs.
    expect(new Set(gets.map(({ url }) => url)).size).toBe(5);
    expect(gets).toHaveLength(5);
    for (const reference of [name, other]) await one.removeImage(reference, { sync: true });
  });

  it('keeps the layers that it finds, when the image they were made for is removed meanwhile', async () => {
    await using client = await connect();
    await client.pullImage(name);
    const other = await busyboxImage({ base, layers: [[file('other', 'other\n')]] });
    const [common, top] = other.layers;
    serve(other);
    let release = () => {};
    const removed = new Promise<void>((resolve) => {
      release = resolve;
    });
    registry.misbehave(async ({ url = '' }) => {
      if (top && url.endsWith(top.digest)) await removed;
      return false;
    });
    let found = () => {};
    const unpacked = new Promise<void>((resolve) => {
      found = resolve;
    });
    const states: string[] = [];
    const reference = `${registry.host}/box@${other.manifest.digest}`;
    const pull = client.pullImage(reference, {
      onProgress({ ref, status }) {
        if (ref !== `layer-${common?.digest}`) return;
        states.push(status);
        if (states.includes('unpacking') && status === 'done') found();
      },
    });
    await unpacked;
    await client.removeImage(name, { sync: true });
    release();
    expect(await pull).toMatchObject({ problem: undefined });
    expect(states).not.toContain('downloading');
    await client.removeImage(reference, { sync: true });
  });

  it('can be followed, and is JSON for the clients of others', async () => {
    await using client = await connect();
    const pull = followProgress((onProgress) => client.pullImage(name, { onProgress }));
    let last: PullProgress | undefined;
    for await (const event of pull) last = event;
    expect(last).toMatchObject({ ref: name, status: 'done' });
    expect(await pull.result).toMatchObject({ name });
    await client.removeImage(name, { sync: true });
  });

  it('takes Docker images, and layers that are not packed', async () => {
    const plain = await busyboxImage({ base, compression: 'none', architecture: 'amd64' });
    const config = { ...descriptor(plain.config), mediaType: dockerTypes.config };
    const layers = plain.layers.map((layer) => ({
      ...descriptor(layer),
      mediaType: dockerTypes.layer,
    }));
    const mediaType = dockerTypes.manifest;
    const manifest = json(mediaType, { schemaVersion: 2, mediaType, config, layers });
    serve({ ...plain, manifest });
    registry.addManifest('box', manifest, 'docker');
    const { info, check } = await pulled(`${registry.host}/box:docker`);
    expect(info.target.mediaType).toBe(mediaType);
    expect(check).toMatch(/complete \(2\/2\)\s.*\strue\s*$/m);
  });
});

const dockerTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar',
};

describe('platforms', () => {
  const multi = () => `${registry.host}/box:multi`;

  it('fetches what this machine runs, and no attestation', async () => {
    const { info, digests } = await pulled(multi());
    expect(info.details?.digest).toBe(image.manifest.digest);
    expect(digests).toEqual(new Set([index.digest, ...digestsOf(image)]));
  });

  it('fetches what was asked for', async () => {
    const { info, digests } = await pulled(multi(), { platform: 'linux/arm64' });
    expect(info.details?.id).toBe(arm.config.digest);
    expect(digests).toEqual(new Set([index.digest, ...digestsOf(arm)]));
  });

  it('fetches all of them as they are', async () => {
    const { digests } = await pulled(multi(), { allPlatforms: true });
    expect(digests).toEqual(new Set([index.digest, ...digestsOf(image, arm, attestation)]));
  });

  it('fetches documents alone', async () => {
    const { digests, info } = await pulled(multi(), { metadataOnly: true });
    expect(digests).toEqual(new Set([index.digest, image.manifest.digest, image.config.digest]));
    expect(info.details?.size).toBeGreaterThan(1000);
    const all = await pulled(multi(), { metadataOnly: true, allPlatforms: true });
    expect(all.digests.size).toBe(7);
  });

  it.each([
    ['multi', 'linux/riscv64'],
    ['1', 'linux/arm64'],
  ])('%s has nothing for %s', async (tag, platform) => {
    await using client = await connect();
    await expect(
      client.pullImage(`${registry.host}/box:${tag}`, { platform }),
    ).rejects.toMatchObject({ code: 'not-found', reason: 'platform' });
    expect(
      registry.requests.some(({ url }) => image.layers.some((l) => url.endsWith(l.digest))),
    ).toBe(false);
  });

  it('asks the config where the index says nothing', async () => {
    const silent = indexOf([descriptor(arm.manifest), descriptor(image.manifest)]);
    registry.addManifest('box', silent, 'silent');
    await using client = await connect();
    const info = await client.pullImage(`${registry.host}/box:silent`);
    expect(info.details?.id).toBe(image.config.digest);
    await client.removeImage(info.name, { sync: true });
  });
});

describe('bad calls', () => {
  it.each([
    ['UPPER', {}, 'reference'],
    ['box', { platform: 'linux' }, 'platform'],
    ['box', { concurrency: 0 }, 'concurrency'],
    ['box', { metadataOnly: true, unpack: true }, 'unpack'],
    ['box', { credentials: { username: 'me', password: '' } }, 'credentials'],
    ['box', { labels: { '': 'x' } }, 'labels'],
    ['box', { timeoutMs: -1 }, 'timeoutMs'],
  ])('%s with %j is refused', async (reference, options, field) => {
    await using client = await connect();
    await expect(client.pullImage(reference, options)).rejects.toMatchObject({
      ...{ code: 'invalid-argument', field: expect.stringMatching(new RegExp(`^${field}`)) },
    });
  });
});
