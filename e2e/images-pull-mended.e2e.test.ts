import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    .use(images({ registry: { credentials: () => undefined, hostsFolders: [], proxy: false } }))
    .connect();

let image: Image;
let registry: TestRegistry;
let name: string;
let before: Remains;

beforeAll(async () => {
  before = await oracle.count();
  // Content is shared by all namespaces of a daemon: what is damaged must be nobody else's.
  const base = [file('mended', 'nobody else has this layer\n')];
  image = await busyboxImage({ base, layers: [[file('etc/hostname', 'mended\n')]] });
  registry = await testRegistry();
  registry.addManifest('box', image.manifest, '1');
  for (const { bytes } of [image.config, ...image.layers]) registry.addBlob(bytes);
  name = `${registry.host}/box:1`;
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await oracle.expectNothingLeft(before);
});

const pathOf = ({ digest }: Blob) =>
  join(containerd.root, 'io.containerd.content.v1.content/blobs', digest.replace(':', '/'));

const sized = (blob: Blob, size: number) => ({ ...descriptor(blob), size });

/** What can happen to a file on a disk. */
const damages = {
  'has other bytes': async (path: string) =>
    writeFile(path, (await readFile(path)).fill(7, 20, 40)),
  'is cut short': async (path: string) => writeFile(path, (await readFile(path)).subarray(0, -9)),
  'is gone': unlink,
};

const cases = (['layer', 'config', 'manifest'] as const).flatMap((what) =>
  Object.entries(damages).map(([how, damage]) => [how, what, damage] as const),
);

describe('a blob in the store', () => {
  const blobs = (): Readonly<Record<(typeof cases)[number][1], Blob>> => ({
    layer: image.layers.at(-1) as Blob,
    config: image.config,
    manifest: image.manifest,
  });

  it.each(cases)('whose file %s is told, and a pull mends it: %s', async (how, what, damage) => {
    const path = pathOf(blobs()[what]);
    {
      await using client = await connect();
      await client.pullImage(name, { unpack: false });
    }
    const bytes = await readFile(path);
    await damage(path);
    // Another one, which has not read it yet.
    await using client = await connect();
    const told = how === 'is gone' ? 'not-found' : 'data-loss';
    await expect(client.unpackImage(name)).rejects.toMatchObject({ code: told });
    const { problem } = await client.pullImage(name);
    expect(problem).toBeUndefined();
    expect(await readFile(path)).toEqual(bytes);
    const check = await containerd.ctr('-n', namespace, 'images', 'check', `name==${name}`);
    expect(check).toMatch(/complete \(3\/3\)\s.*\strue\s*$/m);
    await client.removeImage(name, { sync: true });
  });

  it('whose file is gone is mended also when its layer is unpacked', async () => {
    const path = pathOf(blobs().layer);
    await using client = await connect();
    await client.pullImage(name);
    await unlink(path);
    await client.pullImage(name);
    expect(await readFile(path)).toEqual(Buffer.from(blobs().layer.bytes));
    await client.removeImage(name, { sync: true });
  });

  it('is not damaged because a manifest says a wrong size of it', async () => {
    const [layer, config] = [blobs().layer, descriptor(image.config)];
    await using client = await connect();
    await client.pullImage(name, { unpack: false });
    const { ino } = await stat(pathOf(layer));
    for (const size of [layer.size - 1, layer.size + 1]) {
      const layers = image.layers.map((one) =>
        one === layer ? sized(one, size) : descriptor(one),
      );
      const lie = json(image.manifest.mediaType, { schemaVersion: 2, config, layers });
      registry.addManifest('box', lie, 'lie');
      const pulling = client.pullImage(`${registry.host}/box:lie`, { unpack: false });
      await expect(pulling).rejects.toMatchObject({ code: 'data-loss', reason: 'size' });
    }
    expect(await stat(pathOf(layer))).toMatchObject({ ino });
    await client.removeImage(name, { sync: true });
  });

  it('that is damaged fails a pull as long as the registry has nothing better', async () => {
    const path = pathOf(blobs().layer);
    await using client = await connect();
    await client.pullImage(name, { unpack: false });
    await damages['has other bytes'](path);
    registry.misbehave((request, response) => {
      if (!request.url?.endsWith(blobs().layer.digest)) return false;
      response.end(Buffer.alloc(blobs().layer.size));
      return true;
    });
    await expect(client.pullImage(name)).rejects.toMatchObject({ code: 'data-loss' });
    registry.misbehave(undefined);
    await client.pullImage(name);
    await client.removeImage(name, { sync: true });
  });
});
