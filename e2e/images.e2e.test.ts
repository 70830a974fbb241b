import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { ctrd, definePlugin, ImageSource } from '@ctrd/core';
import { type ArchiveSource, images } from '@ctrd/images';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  busyboxImageTar,
  busyboxName,
  daemon,
  dockerArchive,
  file,
  leakOracle,
  namespaceOf,
  ociArchive,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const connect = () => ctrd({ address: containerd.address, namespace }).use(images()).connect();

const layered = 'docker.io/library/layered:1';
let image: Awaited<ReturnType<typeof busyboxImage>>;

beforeAll(async () => {
  image = await busyboxImage({
    layers: [[file('etc/hostname', 'second\n')], [file('third', 'third\n', { mode: 0o4755 })]],
    env: ['A=1'],
    user: 'app:audio',
    labels: { kind: 'test' },
  });
});

describe('images from archives', () => {
  it('imports an OCI layout by its path, and is like what ctr imports', async () => {
    await using client = await connect();
    const before = await oracle.count();
    const [info] = await client.importImage({ source: await busyboxImageTar() });
    expect(info).toMatchObject({ name: busyboxName, problem: undefined });
    const ours = await containerd.ctr('-n', namespace, 'images', 'ls', `name==${busyboxName}`);
    await client.removeImage(busyboxName, { sync: true });
    await containerd.ctr('-n', namespace, 'images', 'import', await busyboxImageTar());
    const theirs = await containerd.ctr('-n', namespace, 'images', 'ls', `name==${busyboxName}`);
    expect(ours).toBe(theirs);
    await client.removeImage('busybox:e2e', { sync: true });
    await oracle.expectNothingLeft(before);
  });

  it('imports a stream packed by gzip under a name, and answers its facts', async () => {
    await using client = await connect();
    const before = await oracle.count();
    const archive = gzipSync(await ociArchive(image, 'example.com/other:tag'));
    const [info] = await client.importImage({ source: Readable.from([archive]), name: layered });
    expect(info).toMatchObject({
      name: layered,
      repoTags: [layered],
      repoDigests: [`docker.io/library/layered@${image.manifest.digest}`],
      target: { digest: image.manifest.digest, size: image.manifest.size },
      details: { id: image.config.digest, platform: { os: 'linux' } },
    });
    expect(await client.getImage('layered:1')).toEqual(info);
    expect((await client.listImages()).map(({ name }) => name)).toEqual([layered]);
    expect(await client.listImages({ filters: ['name==no'] })).toEqual([]);
    const oci = await client.getOciImage(layered);
    expect(oci.config).toMatchObject({ user: 'app:audio', labels: { kind: 'test' } });
    expect(oci.diffIds).toEqual(image.layers.map(({ diffId }) => diffId));
    expect(await client.unpackImage(layered)).toBe(info?.details?.chainId);
    await client.removeImage(layered, { sync: true });
    await oracle.expectNothingLeft(before);
  });

  it('imports a Docker archive to the same snapshots', async () => {
    await using client = await connect();
    const before = await oracle.count();
    const oci = await client.importImage({ source: chunks(await ociArchive(image, layered)) });
    const archive = await dockerArchive(image, 'layered:docker');
    const docker = await client.importImage({ source: chunks(archive, 1000) });
    expect(docker[0]?.name).toBe('docker.io/library/layered:docker');
    expect(docker[0]?.details?.chainId).toBe(oci[0]?.details?.chainId);
    for (const { name } of await client.listImages())
      await client.removeImage(name, { sync: true });
    await oracle.expectNothingLeft(before);
  });

  it.each([
    ['an OCI layout', () => ociArchive(image, layered)],
    ['a Docker archive', () => dockerArchive(image, layered)],
  ])('imports %s packed by zstd to the digests that it has unpacked', async (_, make) => {
    await using client = await connect();
    const before = await oracle.count();
    const archive = await make();
    const imported = async (source: ArchiveSource) => {
      const [info] = await client.importImage({ source });
      const digests = await containerd.ctr('-n', namespace, 'content', 'ls', '-q');
      await client.removeImage(layered, { sync: true });
      return { details: info?.details, target: info?.target, digests };
    };
    const packed = execFileSync('zstd', ['-cq'], { input: archive, maxBuffer: 64 << 20 });
    expect(packed.subarray(0, 4)).toEqual(Buffer.from('28b52ffd', 'hex'));
    const unpacked = await imported(chunks(archive));
    expect(unpacked.details?.id).toBe(image.config.digest);
    expect(await imported(chunks(packed))).toEqual(unpacked);
    const path = join(await mkdtemp(join(tmpdir(), 'ctrd-zstd-')), 'image.tar.zst');
    await writeFile(path, packed);
    expect(await imported(path)).toEqual(unpacked);
    await rm(dirname(path), { recursive: true });
    await oracle.expectNothingLeft(before);
  });

  it('keeps what it imported through a garbage collection', async () => {
    await using client = await connect();
    const before = await oracle.count();
    await client.importImage({ source: chunks(await ociArchive(image, layered)) });
    await client.tagImage(layered, { name: 'layered:again' });
    await client.removeImage('layered:again', { sync: true });
    await containerd.ctr('-n', namespace, 'images', 'check', `name==${layered}`).then((table) => {
      expect(table).toMatch(/complete \(4\/4\)/);
      expect(table).toMatch(/true\s*$/);
    });
    await client.removeImage(layered, { sync: true });
    await oracle.expectNothingLeft(before);
  });

  it('unpacks once for several callers, and again after the snapshots are gone', async () => {
    await using client = await connect();
    const before = await oracle.count();
    await client.importImage({ source: chunks(await ociArchive(image, layered)), unpack: false });
    const all = await Promise.all(Array.from({ length: 5 }, () => client.unpackImage(layered)));
    expect(new Set(all).size).toBe(1);
    await client.unpackImage(layered, { snapshotter: 'native' });
    await client.removeImage(layered, { sync: true });
    await oracle.expectNothingLeft(before);
  });

  it('gives images to other plugins through ImageSource', async () => {
    let source: ImageSource | undefined;
    const probe = definePlugin({
      name: 'probe',
      requires: [ImageSource],
      setup: (context) => {
        source = context.get(ImageSource);
        return {};
      },
    });
    await using client = await ctrd({ address: containerd.address, namespace })
      .use(images())
      .use(probe)
      .connect();
    const before = await oracle.count();
    await client.importImage({ source: chunks(await ociArchive(image, layered)) });
    const { signal } = new AbortController();
    const resolved = await source?.resolve('layered:1', { signal });
    expect(resolved).toMatchObject({
      reference: layered,
      digest: image.manifest.digest,
      config: { cmd: ['sh'], user: 'app:audio', env: ['PATH=/bin', 'IMAGE=busybox', 'A=1'] },
    });
    await client.removeImage(layered, { sync: true });
    await oracle.expectNothingLeft(before);
  });
});

describe('archives that are wrong', () => {
  const cases: readonly (readonly [string, () => Promise<Uint8Array>, object])[] = [
    ['no tar', async () => Buffer.alloc(4096, 'x'), { code: 'invalid-argument', field: 'source' }],
    [
      'a tar of something else',
      async () => (await dockerArchive(image, layered)).subarray(0, 512 * 20),
      { code: 'invalid-argument', field: 'source' },
    ],
    [
      'a layout that is cut off',
      async () => {
        const archive = await ociArchive(image, layered);
        return archive.subarray(0, archive.byteLength - 400_000);
      },
      { code: 'invalid-argument', field: 'source' },
    ],
    [
      'a blob whose digest is wrong',
      async () => {
        const archive = Buffer.from(await ociArchive(image, layered));
        const at = archive.indexOf(image.config.bytes);
        archive[at + 20] = 0;
        return archive;
      },
      { code: 'data-loss', reason: 'digest' },
    ],
    [
      'a layer that unpacks to something else',
      async () => {
        const config = JSON.parse(Buffer.from(image.config.bytes).toString());
        config.rootfs.diff_ids[1] = config.rootfs.diff_ids[2];
        const bytes = Buffer.from(JSON.stringify(config));
        return await dockerArchive({ ...image, config: { ...image.config, bytes } }, layered);
      },
      { code: 'data-loss', reason: 'diff-id' },
    ],
  ];

  it.each(cases)('refuses %s and leaves nothing', async (_, archive, error) => {
    await using client = await connect();
    const before = await oracle.count();
    await expect(client.importImage({ source: chunks(await archive()) })).rejects.toMatchObject(
      error,
    );
    await collect();
    await oracle.expectNothingLeft(before);
  });

  it('passes on the failure of the source', async () => {
    await using client = await connect();
    const archive = await readFile(await busyboxImageTar());
    async function* source() {
      yield archive.subarray(0, 300_000);
      throw new Error('the disk is on fire');
    }
    const before = await oracle.count();
    await expect(client.importImage({ source: source() })).rejects.toMatchObject({
      code: 'unknown',
      message: expect.stringContaining('the disk is on fire'),
    });
    await collect();
    await oracle.expectNothingLeft(before);
  });

  it('ends an import when it is aborted', async () => {
    await using client = await connect();
    const before = await oracle.count();
    const controller = new AbortController();
    const archive = await readFile(await busyboxImageTar());
    async function* source() {
      yield archive.subarray(0, 300_000);
      controller.abort();
      yield archive.subarray(300_000);
    }
    await expect(
      client.importImage({ source: source(), signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'aborted' });
    await collect();
    await oracle.expectNothingLeft(before);
  });

  it('says what is missing', async () => {
    await using client = await connect();
    await expect(client.getImage('nothing/here')).rejects.toMatchObject({ code: 'not-found' });
    await expect(client.removeImage('nothing/here')).rejects.toMatchObject({ code: 'not-found' });
    await expect(client.getImage('Not A Reference')).rejects.toMatchObject({
      code: 'invalid-argument',
      field: 'reference',
    });
  });
});

/** Lets the daemon collect what a failed call left to it, with a lease whose removal waits. */
async function collect(): Promise<void> {
  await containerd.ctr('-n', namespace, 'leases', 'create', '--id', 'collect');
  await containerd.ctr('-n', namespace, 'leases', 'delete', '--sync', 'collect');
}

async function* chunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
