import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { busyboxImage, dockerArchive, file, ociArchive } from './index.js';

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const parsed = (bytes: Uint8Array | undefined) => JSON.parse(Buffer.from(bytes ?? []).toString());

async function filesOf(archive: Uint8Array): Promise<Map<string, Uint8Array>> {
  const entries = await unpackTar(archive);
  return new Map(entries.map(({ header, data }) => [header.name, data ?? new Uint8Array()]));
}

describe('the busybox image', () => {
  it('is the same every time', async () => {
    const [one, two] = await Promise.all([busyboxImage(), busyboxImage()]);
    expect(one.manifest.digest).toBe(two.manifest.digest);
  });

  it('has the program, its applets and the users', async () => {
    const [layer] = (await busyboxImage()).layers;
    const entries = await unpackTar(layer?.tar ?? new Uint8Array());
    const find = (name: string) => entries.find(({ header }) => header.name === name);
    expect(find('bin/busybox')?.header.mode).toBe(0o755);
    expect(find('bin/sh')?.header).toMatchObject({ type: 'symlink', linkname: 'busybox' });
    expect(Buffer.from(find('etc/passwd')?.data ?? []).toString()).toContain('app:x:1000:1000:');
    expect(find('home/app/')?.header).toMatchObject({ uid: 1000, gid: 1000 });
  });

  it('varies as it is told', async () => {
    const { config, layers } = await busyboxImage({
      entrypoint: ['/bin/sh', '-c'],
      user: 'app',
      stopSignal: 'SIGINT',
      layers: [[file('etc/extra', 'one')], [file('etc/.wh.extra', '')]],
    });
    expect(layers).toHaveLength(3);
    expect(parsed(config.bytes)).toMatchObject({
      config: { Entrypoint: ['/bin/sh', '-c'], User: 'app', StopSignal: 'SIGINT', Cmd: ['sh'] },
      rootfs: { diff_ids: layers.map(({ diffId }) => diffId) },
    });
  });
});

it('writes an OCI archive in which every digest is true', async () => {
  const image = await busyboxImage({ layers: [[file('a', 'a')]] });
  const files = await filesOf(await ociArchive(image, 'registry.example:5000/box:v1'));
  const blobs = [...files].filter(([name, { length }]) => name.startsWith('blobs/') && length > 0);
  expect(blobs).toHaveLength(4);
  for (const [name, bytes] of blobs) expect(sha256(bytes)).toBe(`sha256:${name.slice(13)}`);
  for (const { bytes, diffId } of image.layers) expect(sha256(gunzipSync(bytes))).toBe(diffId);
  expect(parsed(files.get('index.json')).manifests[0]).toMatchObject({
    digest: image.manifest.digest,
    annotations: { 'org.opencontainers.image.ref.name': 'v1' },
  });
});

it('writes a docker archive whose manifest names what is in it', async () => {
  const files = await filesOf(await dockerArchive(await busyboxImage(), 'box:v1'));
  const [entry] = parsed(files.get('manifest.json'));
  expect(entry.RepoTags).toEqual(['box:v1']);
  for (const name of [entry.Config, ...entry.Layers]) {
    expect(sha256(files.get(name) ?? new Uint8Array())).toBe(
      `sha256:${name.replace(/\.(json|tar)$/, '')}`,
    );
  }
});
