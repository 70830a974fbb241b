import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gunzipSync } from 'node:zlib';
import { ctrd, definePlugin } from '@ctrd/core';
import { images } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  daemon,
  file,
  leakOracle,
  namespaceOf,
  ociArchive,
  ociIndexArchive,
  podman,
} from './support/index.js';

const run = promisify(execFile);
const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const other = `${namespace}-b`;
const oracle = leakOracle(containerd, namespace);
const connect = (name = namespace) =>
  ctrd({ address: containerd.address, namespace: name }).use(images()).connect();

const one = 'docker.io/library/exported:1';
const multi = 'registry.example:5000/team/multi:2';
const big = 'docker.io/library/big:1';
const bigBytes = 24 << 20;

let folder: string;
let image: Awaited<ReturnType<typeof busyboxImage>>;
let arm: Awaited<ReturnType<typeof busyboxImage>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-export-'));
  image = await busyboxImage({ layers: [[file('etc/hostname', 'exported\n')]], user: 'app' });
  arm = await busyboxImage({ architecture: 'arm64', layers: [[file('arm', 'arm\n')]] });
  await using client = await connect();
  await client.importImage({ source: bytes(await ociArchive(image, one)) });
  await client.importImage({
    unpack: false,
    source: bytes(
      await ociIndexArchive(
        [
          { image: arm, platform: { os: 'linux', architecture: 'arm64' } },
          { image, platform: { os: 'linux', architecture: own() } },
        ],
        multi,
      ),
    ),
  });
  const layers = [[file('big', randomBytes(bigBytes))]];
  await client.importImage({
    unpack: false,
    source: bytes(await ociArchive(await busyboxImage({ layers, compression: 'none' }), big)),
  });
});

afterAll(async () => {
  await using client = await connect();
  for (const { name } of await client.listImages()) await client.removeImage(name, { sync: true });
  await rm(folder, { recursive: true, force: true });
});

describe('exported images', () => {
  it('are what ctr imports, with the same digest', async () => {
    await using client = await connect();
    const before = await oracle.count();
    const path = await saved(client.exportImage({ references: [one, multi] }));
    await oracle.expectNothingLeft(before);

    await containerd.ctr('-n', other, 'images', 'import', '--no-unpack', path);
    const table = await containerd.ctr('-n', other, 'images', 'ls');
    const target = (await client.getImage(multi)).target.digest;
    expect(table).toMatch(new RegExp(`^${one} .* ${image.manifest.digest} `, 'm'));
    expect(table).toMatch(new RegExp(`^${multi} .* ${target} `, 'm'));
    await emptied(other);
  });

  it('are what skopeo reads as a layout and as a Docker archive, with the same digests', async () => {
    await using client = await connect();
    const path = await saved(client.exportImage({ references: [one] }));
    const layout = await skopeo('inspect', '--raw', `oci-archive:${path}`);
    expect(sha256(layout)).toBe(image.manifest.digest);
    const config = await skopeo(
      'inspect',
      '--config',
      '--raw',
      `docker-archive:${path}:exported:1`,
    );
    expect(sha256(config)).toBe(image.config.digest);

    const copy = join(folder, 'copy');
    await skopeo('copy', '--quiet', `docker-archive:${path}`, `dir:${copy}`);
    const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'));
    expect(manifest.config.digest).toBe(image.config.digest);
    // skopeo unpacks the layers of a Docker archive: what they are without compression stays.
    const stored = await Promise.all(
      manifest.layers.map(({ digest }: { digest: string }) =>
        readFile(join(copy, digest.replace('sha256:', ''))),
      ),
    );
    expect(stored.map((layer) => sha256(plain(layer)))).toEqual(
      image.layers.map(({ diffId }) => diffId),
    );
  });

  it('are what umoci unpacks', async () => {
    await using client = await connect();
    const layout = join(folder, 'layout');
    const path = await saved(client.exportImage({ references: [one] }));
    await run('mkdir', [layout]);
    await run('tar', ['-xf', path, '-C', layout]);
    await run('umoci', ['unpack', '--image', `${layout}:1`, join(folder, 'bundle')]);
    expect(await readFile(join(folder, 'bundle/rootfs/etc/hostname'), 'utf8')).toBe('exported\n');
  });

  it('are what podman loads', async () => {
    await using client = await connect();
    const path = await saved(client.exportImage({ references: [one, multi] }));
    const loader = await podman(await mkdtemp(join(folder, 'podman-')));
    await loader('load', '--input', path);
    const list = JSON.parse(await loader('images', '--format', 'json'));
    // One image, whose id is that of its config, listed once for each of its names.
    const ids = list.map(({ Id, Names }: { Id: string; Names: string[] }) => [Id, Names.sort()]);
    const both = [image.config.digest.replace('sha256:', ''), [one, multi].sort()];
    expect(ids).toEqual([both, both]);
  });

  it('go round to the same digest, gzipped on the way', async () => {
    await using client = await connect();
    await using target = await connect(other);
    const packed = Readable.from(client.exportImage({ references: [one] })).pipe(createGzip());
    const [info] = await target.importImage({ source: packed });
    expect(info).toMatchObject({ name: one, target: { digest: image.manifest.digest } });
    await emptied(other);
  });

  it('hold each blob once, and always the same bytes', async () => {
    await using client = await connect();
    const [first, second] = await Promise.all(
      [1, 2].map(() => buffer(client.exportImage({ references: [one, multi] }))),
    );
    expect(sha256(first ?? Buffer.of())).toBe(sha256(second ?? Buffer.of()));
    const path = join(folder, 'once.tar');
    await writeFile(path, first ?? '');
    const names = (await run('tar', ['-tf', path])).stdout.trim().split('\n');
    expect(new Set(names).size).toBe(names.length);
    expect(names.slice(0, 3)).toEqual(['oci-layout', 'index.json', 'manifest.json']);
    // Two images, of which one is of the other's platform: index, manifest, config and layers.
    expect(names.filter((name) => /^blobs\/sha256\/./.test(name))).toHaveLength(
      1 + 2 + image.layers.length,
    );
  });

  it('have one platform or all, under the index they have', async () => {
    await using client = await connect();
    await using target = await connect(other);
    const wanted = (await client.getImage(multi)).target.digest;
    for (const [options, there] of [
      [{}, [image]],
      [{ platform: 'linux/arm64' }, [arm]],
      [{ allPlatforms: true }, [image, arm]],
    ] as [object, unknown[]][]) {
      const source = client.exportImage({ references: [multi], ...options });
      const platform = `linux/${there[0] === arm ? 'arm64' : own()}`;
      const [info] = await target.importImage({ source, platform, unpack: false });
      expect(info?.target.digest).toBe(wanted);
      for (const each of [image, arm]) {
        const list = await containerd.ctr('-n', other, 'content', 'ls', '-q');
        expect(list.includes(each.manifest.digest)).toBe(there.includes(each));
      }
      await emptied(other);
    }
    await expect(
      buffer(client.exportImage({ references: [multi], platform: 'linux/s390x' })),
    ).rejects.toMatchObject({ code: 'not-found', reason: 'platform' });
    await expect(
      buffer(client.exportImage({ references: [one], platform: 'linux/s390x' })),
    ).rejects.toMatchObject({ code: 'not-found', reason: 'platform' });
  });
});

describe('an export', () => {
  it('reads no more of the daemon than its reader does', async () => {
    let read = 0;
    const meter = definePlugin({
      name: 'meter',
      interceptors: [
        {
          async *stream(call, next) {
            for await (const message of next(call)) {
              read += (message as { data?: Uint8Array }).data?.byteLength ?? 0;
              yield message;
            }
          },
        },
      ],
    });
    await using client = await ctrd({ address: containerd.address, namespace })
      .use(images())
      .use(meter)
      .connect();
    const before = await oracle.count();
    let taken = 0;
    for await (const chunk of client.exportImage({ references: [big] })) {
      taken += chunk.byteLength;
      // The packer holds 8 MiB, and what was on its way when it was full.
      expect(read - taken).toBeLessThan(12 << 20);
      if (taken > 4 << 20) break;
    }
    const stopped = read;
    await oracle.expectNothingLeft(before);
    expect(read).toBe(stopped);
    expect(read).toBeLessThan(bigBytes);
  });

  it('leaves nothing when it is aborted', async () => {
    await using client = await connect();
    const before = await oracle.count();
    const controller = new AbortController();
    const exported = client.exportImage({ references: [big], signal: controller.signal });
    await expect(
      (async () => {
        for await (const _ of exported) controller.abort();
      })(),
    ).rejects.toMatchObject({ code: 'aborted', operation: 'exportImage' });
    await oracle.expectNothingLeft(before);
  });

  it('fails when a blob is not what its digest says', async () => {
    await using client = await connect();
    const name = 'docker.io/library/damaged:1';
    const damaged = await busyboxImage({ layers: [[file('damaged', randomBytes(100_000))]] });
    const [, layer] = damaged.layers;
    await client.importImage({ unpack: false, source: bytes(await ociArchive(damaged, name)) });
    const before = await oracle.count();
    const store = join(containerd.root, 'io.containerd.content.v1.content/blobs/sha256');
    const path = join(store, layer?.digest.replace('sha256:', '') ?? '');
    const content = await readFile(path);
    content.writeUInt8(content.readUInt8(50_000) ^ 1, 50_000);
    await rm(path);
    await writeFile(path, content);
    await expect(buffer(client.exportImage({ references: [name] }))).rejects.toMatchObject({
      code: 'data-loss',
      reason: 'digest',
    });
    await oracle.expectNothingLeft(before);
    await client.removeImage(name, { sync: true });
    expect(await readdir(store)).not.toContain(layer?.digest.replace('sha256:', ''));
  });

  it('fails before its first byte when something is missing', async () => {
    await using client = await connect();
    const name = 'docker.io/library/partial:1';
    const partial = await busyboxImage({ layers: [[file('partial', randomBytes(1000))]] });
    await client.importImage({ unpack: false, source: bytes(await ociArchive(partial, name)) });
    await containerd.ctr('-n', namespace, 'content', 'rm', partial.layers[1]?.digest ?? '');
    const before = await oracle.count();
    let chunks = 0;
    await expect(
      (async () => {
        for await (const _ of client.exportImage({ references: [one, name] })) chunks += 1;
      })(),
    ).rejects.toMatchObject({ code: 'not-found', reason: 'incomplete', subject: name });
    expect(chunks).toBe(0);
    await oracle.expectNothingLeft(before);
    await client.removeImage(name, { sync: true });
  });

  it('refuses what it cannot export', async () => {
    await using client = await connect();
    const before = await oracle.count();
    for (const [options, error] of [
      [{ references: [] }, { code: 'invalid-argument', field: 'references' }],
      [{ references: 'alpine' }, { code: 'invalid-argument', field: 'references' }],
      [{ references: ['Not One'] }, { code: 'invalid-argument', field: 'reference' }],
      [
        { references: [one], platform: 'x' },
        { code: 'invalid-argument', field: 'platform' },
      ],
      [{ references: ['no/such'] }, { code: 'not-found' }],
    ] as const) {
      await expect(buffer(client.exportImage(options as never))).rejects.toMatchObject(error);
    }
    await oracle.expectNothingLeft(before);
  });
});

async function saved(archive: AsyncIterable<Uint8Array>): Promise<string> {
  const path = join(folder, `${randomBytes(4).toString('hex')}.tar`);
  await pipeline(archive, createWriteStream(path));
  return path;
}

async function skopeo(...args: string[]): Promise<string> {
  return (await run('skopeo', ['--insecure-policy', ...args])).stdout;
}

/** Removes what a test has put into a namespace besides the file's own. */
async function emptied(name: string): Promise<void> {
  await using client = await connect(name);
  for (const { name } of await client.listImages()) await client.removeImage(name, { sync: true });
}

function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function own(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function plain(layer: Buffer): Buffer {
  return layer.readUInt16BE() === 0x1f8b ? gunzipSync(layer) : layer;
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}
