import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ctrd } from '@ctrd/core';
import { type ImagePolicy, images, type PullProgress } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  file,
  htpasswd,
  type Image,
  leakOracle,
  namespaceOf,
  type Remains,
  testRegistry,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const credentials = { username: 'me', password: 'secret' };
const connect = (policy?: ImagePolicy) =>
  ctrd({ address: containerd.address, namespace })
    .use(
      images({
        ...{ puller: 'transfer', policy },
        registry: { credentials: () => undefined, hostsFolders: [], proxy: false },
      }),
    )
    .connect();

let folder: string;
let plain: DebianRegistry;
let image: Image;
let before: Remains;

beforeAll(async () => {
  before = await oracle.count();
  folder = await mkdtemp(join(tmpdir(), 'ctrd-transfer-'));
  plain = await debianRegistry();
  image = await busyboxImage({ layers: [[file('etc/hostname', 'transferred\n')]] });
  await plain.seed('box:1', image);
});

afterAll(async () => {
  await plain?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
  await oracle.expectNothingLeft(before);
});

describe('a pull by the daemon itself, where it can, and by this process where not', () => {
  it('ends with the same image and the same steps', async () => {
    await using client = await connect();
    const lines = { '1.6': false, '1.7': true, '2.1': true };
    expect(await client.supports('transfer')).toBe(lines[containerd.line]);
    const name = `${plain.host}/box:1`;
    const events: PullProgress[] = [];
    const info = await client.pullImage(name, {
      ...{ labels: { team: 'web' }, onProgress: (event) => events.push(event) },
    });
    expect(info).toMatchObject({
      ...{ name, problem: undefined, labels: { team: 'web' } },
      target: { digest: image.manifest.digest },
      details: { id: image.config.digest },
    });
    const check = await containerd.ctr('-n', namespace, 'images', 'check', `name==${name}`);
    expect(check).toMatch(/complete \(3\/3\)\s.*\strue\s*$/m);
    const steps = events.filter(({ ref }) => ref === name).map(({ status }) => status);
    expect(steps).toEqual(['resolving', 'resolved', 'done']);
    const layers = new Set(events.map(({ ref }) => ref).filter((ref) => /^layer-/.test(ref)));
    expect(layers).toEqual(new Set(image.layers.map(({ digest }) => `layer-${digest}`)));
    await client.removeImage(name, { sync: true });
  });

  it('does what the daemon cannot', async () => {
    await using client = await connect();
    const name = `${plain.host}/box:1`;
    const info = await client.pullImage(name, { metadataOnly: true });
    expect(info.details?.id).toBe(image.config.digest);
    await client.removeImage(name, { sync: true });
  });

  it('never gives the daemon credentials', async () => {
    const path = join(folder, 'passwords');
    await writeFile(path, htpasswd);
    const config = `auth: {htpasswd: {realm: box, path: ${path}}}\n`;
    await using registry = await debianRegistry({ storage: plain.storage, config });
    await using client = await connect();
    const name = `${registry.host}/box:1`;
    const info = await client.pullImage(name, { credentials });
    expect(info.details?.id).toBe(image.config.digest);
    await client.removeImage(name, { sync: true });
    await expect(client.pullImage(name)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('asks the policy before anything is fetched', async () => {
    const asked: string[] = [];
    await using client = await connect({
      judge: async ({ target }) => {
        asked.push(target.digest);
        return { allowed: false, why: 'not today' };
      },
    });
    await expect(client.pullImage(`${plain.host}/box:1`)).rejects.toMatchObject({
      ...{ code: 'permission-denied', reason: 'policy' },
    });
    expect(asked).toEqual([image.manifest.digest]);
  });

  it('says what is not there, and has nothing for other machines', async () => {
    await using client = await connect();
    await expect(client.pullImage(`${plain.host}/box:none`)).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(
      client.pullImage(`${plain.host}/box:1`, { platform: 'linux/riscv64' }),
    ).rejects.toMatchObject({ code: 'not-found', reason: 'platform' });
  });

  it('ends when it is aborted', async () => {
    await using registry = await testRegistry({ pace: 1000 });
    registry.addManifest('box', image.manifest, '1');
    for (const { bytes } of [image.config, ...image.layers]) registry.addBlob(bytes);
    await using client = await connect();
    const controller = new AbortController();
    const pull = client.pullImage(`${registry.host}/box:1`, {
      signal: controller.signal,
      onProgress: ({ ref, status }) =>
        ref.startsWith('layer-') && status === 'waiting' && controller.abort(),
    });
    await expect(pull).rejects.toMatchObject({ code: 'aborted' });
  });
});
