import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { containers } from '@ctrd/containers';
import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { type IdMap, snapshots } from '@ctrd/snapshots';
import { packTar, unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxName,
  daemon,
  importBusybox,
  leakOracle,
  namespaceOf,
  type Remains,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace, { ids: ['job'] });
let runtimeDir: string;
let client: Awaited<ReturnType<typeof connect>>;
let before: Remains;

const connect = (snapshotter?: string) =>
  ctrd({ address: containerd.address, namespace, runtimeDir, snapshotter })
    .use(images())
    .use(snapshots())
    .use(containers())
    .connect();

beforeAll(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-files-'));
  client = await connect();
  await importBusybox(containerd, namespace);
  await client.unpackImage(busyboxName, { snapshotter: 'native' });
  before = await oracle.count();
});
afterAll(async () => {
  await oracle.expectNothingLeft(before);
  await client.close();
  await rm(join(runtimeDir, 'mounts'), { recursive: true, force: true });
  await rm(runtimeDir, { recursive: true });
});
async function* tar(files: Readonly<Record<string, string>>) {
  yield await packTar(
    Object.entries(files).map(([name, body]) => ({
      header: { name, size: Buffer.byteLength(body) },
      body,
    })),
  );
}

async function filesOf(archive: AsyncIterable<Uint8Array>): Promise<Record<string, string>> {
  const entries = await unpackTar(await buffer(archive));
  return Object.fromEntries(
    entries.map(({ header, data }) => [header.name, Buffer.from(data ?? []).toString()]),
  );
}

describe.each(['overlayfs', 'native'])('files of a snapshot of %s', (snapshotter) => {
  const at = { snapshotter };

  it('are copied in and out', async () => {
    await client.createSnapshot('files', { image: busyboxName, ...at });
    const source = tar({ 'app/main.js': 'run()', 'app/data/x': 'y' });
    await client.copyTo({ snapshot: 'files', path: '/srv', source, ...at });
    expect(await filesOf(client.copyFrom({ snapshot: 'files', path: 'srv/app', ...at }))).toEqual({
      'app/': '',
      'app/main.js': 'run()',
      'app/data/': '',
      'app/data/x': 'y',
    });
    const missing = filesOf(client.copyFrom({ snapshot: 'files', path: '/no', ...at }));
    await expect(missing).rejects.toMatchObject({ code: 'not-found', operation: 'copyFrom' });
    await client.removeSnapshot('files', at);
  });

  it('of a view are read and not written', async () => {
    await client.viewSnapshot('view', { image: busyboxName, ...at });
    const [name] = Object.keys(
      await filesOf(client.copyFrom({ snapshot: 'view', path: '/bin', ...at })),
    );
    expect(name).toBe('bin/');
    const writing = client.copyTo({ snapshot: 'view', path: '/', source: tar({ a: 'b' }), ...at });
    await expect(writing).rejects.toMatchObject({ operation: 'copyTo', subject: 'view' });
    const mounting = client.withMounts('view', (path) => writeFile(join(path, 'a'), 'b'), at);
    await expect(mounting).rejects.toMatchObject({ code: 'EROFS' });
    await client.removeSnapshot('view', at);
  });

  it('become a layer, and a layer becomes files', async () => {
    await client.createSnapshot('changed', { image: busyboxName, ...at });
    await client.copyTo({ snapshot: 'changed', path: '/', source: tar({ hello: 'world' }), ...at });
    const layer = await client.diffSnapshot('changed', at);
    expect(layer.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
    const { size, labels } = await client.contentInfo(layer.digest);
    expect(size).toBe(layer.size);
    await client.createSnapshot('applied', { image: busyboxName, ...at });
    const applied = await client.applyDiff('applied', { layer, ...at });
    expect(applied.digest).toBe(labels['containerd.io/uncompressed']);
    expect(await filesOf(client.copyFrom({ snapshot: 'applied', path: 'hello', ...at }))).toEqual({
      hello: 'world',
    });

    await client.commitSnapshot('changed', { name: 'committed', ...at });
    const plain = await client.diffSnapshot('committed', {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      ...at,
    });
    expect(plain.digest).toBe(applied.digest);
    for (const key of ['applied', 'committed']) await client.removeSnapshot(key, at);
    for (const { digest } of [plain, layer]) await client.deleteContent(digest);
  });
});

describe('files of a container', () => {
  it('are copied while it runs and after it has ended, seen by both', async () => {
    const container = await client.createContainer({
      ...{ id: 'job', image: busyboxName, args: ['sleep', '1000'] },
    });
    await client.copyTo({ container: 'job', path: '/data', source: tar({ in: 'from outside' }) });
    const seen = await container.run({ args: ['cat', '/data/in'] });
    expect(seen.stdout.toString()).toBe('from outside');
    await container.run({ args: ['sh', '-c', 'echo inside > /data/out'] });
    const out = () => filesOf(client.copyFrom({ container: 'job', path: '/data/out' }));
    expect(await out()).toEqual({ out: 'inside\n' });
    // Mounted once more by a bind: two overlays on one folder would not see each other.
    await client.withMounts('job', async (path) => {
      await writeFile(join(path, 'data/third'), 'at once');
      expect((await container.run({ args: ['cat', '/data/third'] })).stdout.toString()).toBe(
        'at once',
      );
    });
    await container.stop({ graceMs: 0 });
    expect(await out()).toEqual({ out: 'inside\n' });
    await container.destroy();
  });

  it('never lead out of it, whatever it does to its links', async () => {
    await using container = await client.createContainer({
      ...{ id: 'job', image: busyboxName, args: ['sleep', '1000'] },
    });
    const target = join(runtimeDir, 'host-file');
    await writeFile(target, 'of the host');
    const script = `ln -s ${runtimeDir} /way; ln -s / /root-link; ln -s ../../../../.. /up`;
    await container.run({ args: ['sh', '-c', script] });
    for (const path of ['/way/host-file', `/up${target}`, `/root-link${target}`]) {
      const reading = filesOf(client.copyFrom({ container: 'job', path }));
      await expect(reading).rejects.toMatchObject({ code: 'not-found' });
    }
    const source = () => tar({ 'host-file': 'overwritten' });
    await client.copyTo({ container: 'job', path: '/way', source: source() });
    await client.copyTo({ container: 'job', path: `/up/${runtimeDir}`, source: source() });
    expect(await readFile(target, 'utf8')).toBe('of the host');
    await rm(target);
  });

  it.each([
    [{ path: '/' }, 'snapshot'],
    [{ snapshot: 'a', container: 'b', path: '/' }, 'snapshot'],
    [{ snapshot: 'a', path: '' }, 'path'],
  ])('are not copied with %j', async (place, field) => {
    const bad = { code: 'invalid-argument', field };
    await expect(text(client.copyFrom(place))).rejects.toMatchObject(bad);
    await expect(client.copyTo({ ...place, source: tar({}) })).rejects.toMatchObject(bad);
  });
});

describe('ids that are mapped', () => {
  const map: readonly IdMap[] = [{ containerId: 0, hostId: 100_000, size: 65_536 }];

  it('are shown by a snapshotter that can, and refused by one that cannot', async () => {
    const { capabilities } = await client.checkSnapshotter('overlayfs');
    const making = client.createSnapshot('mapped', {
      image: busyboxName,
      uidMap: map,
      gidMap: map,
    });
    if (!capabilities.includes('remap-ids')) {
      await expect(making).rejects.toMatchObject({ code: 'unimplemented', reason: 'remap-ids' });
      return;
    }
    const { mounts } = await making;
    expect(mounts[0]?.options).toEqual(
      expect.arrayContaining(['uidmap=0:100000:65536', 'gidmap=0:100000:65536']),
    );
    await expect(client.mountSnapshot('mapped')).rejects.toMatchObject({ reason: 'remap-ids' });
    await client.removeSnapshot('mapped');
  });

  it.each([
    [{ uidMap: map }, 'gidMap'],
    [{ uidMap: [], gidMap: map }, 'uidMap'],
    [{ uidMap: [{ containerId: 0, hostId: -1, size: 1 }], gidMap: map }, 'uidMap[0].hostId'],
    [{ uidMap: map, gidMap: [{ containerId: 0, hostId: 0, size: 0 }] }, 'gidMap[0].size'],
  ])('must be maps (%#)', async (maps, field) => {
    await expect(client.createSnapshot('mapped', maps)).rejects.toMatchObject({
      ...{ code: 'invalid-argument', field },
    });
  });
});

describe('a mount', () => {
  it('that is in use for a moment is unmounted when it is free', async () => {
    await client.createSnapshot('busy');
    const mount = await client.mountSnapshot('busy');
    const { path } = mount;
    const file = await open(join(path, 'held'), 'w');
    const unmounting = mount[Symbol.asyncDispose]();
    await file.close();
    await unmounting;
    await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await client.removeSnapshot('busy');
  });
});
