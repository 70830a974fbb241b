import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ctrd } from '@ctrd/core';
import { ImagePolicy, type ImageQuestion, images } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedBy } from '../examples/verify/main.js';
import { debianPackage } from '../tools/debian/index.js';
import {
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  file,
  leakOracle,
  namespaceOf,
  ociArchive,
} from './support/index.js';

const run = promisify(execFile);
const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);

let folder: string;
let registry: DebianRegistry;
let image: Awaited<ReturnType<typeof busyboxImage>>;
let cosign: (...args: string[]) => Promise<void>;
let key: string;

const connect = (policy: ImagePolicy) =>
  ctrd({ address: containerd.address, namespace })
    .use(images({ policy, registry: { credentials: () => undefined, hostsFolders: [] } }))
    .connect();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-policy-'));
  registry = await debianRegistry();
  const program = join(await debianPackage({ suite: 'trixie', name: 'cosign' }), 'usr/bin/cosign');
  const env = { PATH: process.env['PATH'], HOME: folder, COSIGN_PASSWORD: 'secret' };
  cosign = async (...args) => void (await run(program, args, { env, cwd: folder }));
  await cosign('generate-key-pair', '--output-key-prefix', 'ours');
  await cosign('generate-key-pair', '--output-key-prefix', 'theirs');
  key = await readFile(join(folder, 'ours.pub'), 'utf8');
  image = await busyboxImage({ layers: [[file('signed', randomBytes(1000))]] });
  await registry.seed('signed:1', image);
  await registry.seed('unsigned:1', image);
  await registry.seed('foreign:1', image);
  await sign('ours', 'signed');
  await sign('theirs', 'foreign');
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function sign(by: string, repository: string): Promise<void> {
  const name = `${registry.host}/${repository}@${image.manifest.digest}`;
  const flags = ['--yes', '--tlog-upload=false', '--allow-http-registry'];
  await cosign('sign', '--key', `${by}.key`, ...flags, name);
}

const sigTag = () => `${image.manifest.digest.replace(':', '-')}.sig`;

describe('a policy that wants a signature of cosign', () => {
  it('lets in what the key has signed', async () => {
    const before = await oracle.count();
    const name = `${registry.host}/signed:1`;
    const client = await connect(signedBy(key));
    const info = await client.pullImage(name);
    expect(info.target.digest).toBe(image.manifest.digest);
    await client.removeImage(name, { sync: true });
    await client.close();
    await oracle.expectNothingLeft(before);
  });

  it.each([
    ['has no signature', 'unsigned'],
    ['another key has signed', 'foreign'],
  ])('refuses what %s, and leaves nothing', async (_, repository) => {
    const before = await oracle.count();
    const client = await connect(signedBy(key));
    await expect(client.pullImage(`${registry.host}/${repository}:1`)).rejects.toMatchObject({
      code: 'permission-denied',
      reason: 'policy',
      message: expect.stringContaining('no signature of the key'),
    });
    await client.close();
    await collect();
    await oracle.expectNothingLeft(before);
    expect(await content()).toEqual([]);
  });

  it('refuses the signature of another image, moved to this one', async () => {
    const other = await busyboxImage({ layers: [[file('other', randomBytes(1000))]] });
    await registry.seed('moved:1', other);
    const from = `docker://${registry.host}/signed:${sigTag()}`;
    const moved = `${other.manifest.digest.replace(':', '-')}.sig`;
    await skopeo(from, `docker://${registry.host}/moved:${moved}`);
    await using client = await connect(signedBy(key));
    await expect(client.pullImage(`${registry.host}/moved:1`)).rejects.toMatchObject({
      ...{ code: 'permission-denied', reason: 'policy' },
    });
  });

  it('finds the signature in an archive, and refuses one without', async () => {
    const before = await oracle.count();
    const client = await connect(signedBy(key));
    const layout = join(folder, 'layout');
    for (const tag of ['1', sigTag()]) {
      await skopeo(`docker://${registry.host}/signed:${tag}`, `oci:${layout}:${tag}`);
    }
    const path = join(folder, 'layout.tar');
    await run('tar', ['-cf', path, '-C', layout, '.']);
    const [info, ...others] = await client.importImage({ source: path, name: 'signed:1' });
    expect(info).toMatchObject({ name: 'docker.io/library/signed:1', problem: undefined });
    expect(others).toEqual([]);
    await client.removeImage('signed:1', { sync: true });

    const archive = await ociArchive(image, 'docker.io/library/unsigned:1');
    await expect(client.importImage({ source: bytes(archive) })).rejects.toMatchObject({
      ...{ code: 'permission-denied', reason: 'policy' },
    });
    await client.close();
    await collect();
    await oracle.expectNothingLeft(before);
    expect(await content()).toEqual([]);
  });
});

describe('any policy', () => {
  it('is asked before a layer is fetched, with the digest that is then used', async () => {
    const questions: ImageQuestion[] = [];
    const seen: string[][] = [];
    const policy: ImagePolicy = {
      async judge(question) {
        questions.push(question);
        seen.push(await snapshots());
        return { allowed: false, why: 'of this test' };
      },
    };
    const before = await snapshots();
    await using client = await ctrd({ address: containerd.address, namespace })
      .use(images({ registry: { credentials: () => undefined, hostsFolders: [] } }))
      .provide(ImagePolicy, policy)
      .connect();
    const name = `${registry.host}/signed:1`;
    await expect(client.pullImage(name)).rejects.toMatchObject({ code: 'permission-denied' });
    const archive = bytes(await ociArchive(image, 'docker.io/library/signed:1'));
    const importing = client.importImage({ source: archive });
    await expect(importing).rejects.toMatchObject({ code: 'permission-denied' });
    const { digest } = image.manifest;
    expect(questions).toMatchObject([
      { reference: name, origin: 'pull', target: { digest } },
      { reference: 'docker.io/library/signed:1', origin: 'import', target: { digest } },
    ]);
    expect(seen).toEqual([before, before]);
    expect(await client.listImages()).toEqual([]);
  });
});

async function snapshots(): Promise<string[]> {
  const table = await containerd.ctr('-n', namespace, 'snapshots', 'ls');
  return table.split('\n').slice(1);
}

async function content(): Promise<string[]> {
  const list = await containerd.ctr('-n', namespace, 'content', 'ls', '-q');
  return list.split('\n').filter((line) => line !== '');
}

async function collect(): Promise<void> {
  await containerd.ctr('-n', namespace, 'leases', 'create', '--id', 'collect');
  await containerd.ctr('-n', namespace, 'leases', 'delete', '--sync', 'collect');
}

async function skopeo(from: string, to: string): Promise<void> {
  const tls = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  await run('skopeo', ['--insecure-policy', 'copy', '--quiet', ...tls, from, to]);
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}
