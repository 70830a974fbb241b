import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ctrd } from '@ctrd/core';
import { type ImagesOptions, images, type PushProgress } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mirror } from '../examples/images/main.js';
import {
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  file,
  htpasswd,
  leakOracle,
  namespaceOf,
  ociArchive,
  ociIndexArchive,
  podman,
  privateAuthority,
} from './support/index.js';

const run = promisify(execFile);
const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);

const one = 'docker.io/library/pushed:1';
const multi = 'docker.io/library/pushed:multi';
const partial = 'docker.io/library/pushed:partial';

let folder: string;
let registry: DebianRegistry;
let image: Awaited<ReturnType<typeof busyboxImage>>;

const connect = (options: ImagesOptions['registry'] = {}) =>
  ctrd({ address: containerd.address, namespace })
    .use(images({ registry: { credentials: () => undefined, hostsFolders: [], ...options } }))
    .connect();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-push-'));
  registry = await debianRegistry();
  image = await busyboxImage({
    layers: [[file('a', randomBytes(2 << 20))], [file('b', randomBytes(3 << 20))]],
  });
  const arm = await busyboxImage({ architecture: 'arm64', layers: [[file('arm', 'arm\n')]] });
  const both = [
    { image: arm, platform: { os: 'linux', architecture: 'arm64' } },
    { image, platform: { os: 'linux', architecture: own() } },
  ];
  await using client = await connect();
  const add = async (archive: Uint8Array) => {
    await client.importImage({ source: bytes(archive), unpack: false });
  };
  await add(await ociArchive(image, one));
  await add(await ociIndexArchive(both, multi));
  const other = { image: await busyboxImage({ architecture: 's390x' }), platform: { os: 'linux' } };
  await add(
    await ociIndexArchive(
      [...both, { ...other, platform: { os: 'linux', architecture: 's390x' } }],
      partial,
    ),
  );
  await containerd.ctr('-n', namespace, 'content', 'rm', other.image.config.digest);
});

afterAll(async () => {
  await using client = await connect();
  for (const { name } of await client.listImages()) await client.removeImage(name, { sync: true });
  await registry?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('pushed images', () => {
  it('have the same digest for skopeo and for ctr', async () => {
    const before = await oracle.count();
    const client = await connect();
    const events: PushProgress[] = [];
    const to = `${registry.host}/team/one:1`;
    const pushed = await client.pushImage(one, { to, onProgress: (event) => events.push(event) });
    expect(pushed).toEqual({
      ...{ reference: to, digest: image.manifest.digest },
      ...{ uploaded: 1 + image.layers.length, mounted: 0, existing: 0 },
    });
    expect(sha256(await skopeo('inspect', '--raw', `docker://${to}`))).toBe(image.manifest.digest);
    await skopeo('copy', '--quiet', `docker://${to}`, `dir:${join(folder, 'copied')}`);
    for (const { digest } of [image.config, ...image.layers]) {
      const copied = await readFile(join(folder, 'copied', digest.replace('sha256:', '')));
      expect(sha256(copied)).toBe(digest);
      // Each has been waited for, has moved and has come to its end.
      const own = events.filter((event) => event.digest === digest);
      expect(own[0]).toMatchObject({ status: 'waiting', offset: 0 });
      expect(own.at(-2)).toMatchObject({ status: 'uploading', offset: copied.length });
      expect(own.at(-1)).toMatchObject({ status: 'uploaded', total: copied.length });
    }
    expect(events.at(-1)).toMatchObject({ digest: image.manifest.digest, status: 'uploaded' });
    const there = `${namespace}-b`;
    await containerd.ctr('-n', there, 'images', 'pull', '--plain-http', to);
    const table = await containerd.ctr('-n', there, 'images', 'ls');
    expect(table).toContain(image.manifest.digest);
    await containerd.ctr('-n', there, 'images', 'rm', '--sync', to);
    await client.close();
    await oracle.expectNothingLeft(before);
  });

  it('are what podman pulls', async () => {
    await using client = await connect();
    const to = `${registry.host}/team/podman:1`;
    const { digest } = await client.pushImage(multi, { to });
    const puller = await podman(await mkdtemp(join(folder, 'podman-')));
    await puller('pull', '--quiet', '--tls-verify=false', to);
    const [pulled] = JSON.parse(await puller('image', 'inspect', to));
    expect(pulled.Id).toBe(image.config.digest.replace('sha256:', ''));
    expect(pulled.RepoDigests).toContain(`${registry.host}/team/podman@${digest}`);
  });

  it('are uploaded once, and mounted into other repositories', async () => {
    await using client = await connect();
    const blobs = 1 + image.layers.length;
    const push = (to: string) => client.pushImage(one, { to: `${registry.host}/${to}` });
    await push('mounts/first:1');
    expect(await push('mounts/first:1')).toMatchObject({ uploaded: 0, existing: blobs });
    expect(await push('mounts/first:again')).toMatchObject({ uploaded: 0, existing: blobs });
    expect(await push('mounts/second:1')).toMatchObject({ mounted: blobs, uploaded: 0 });
    for (const name of ['first:again', 'second:1']) {
      const raw = await skopeo('inspect', '--raw', `docker://${registry.host}/mounts/${name}`);
      expect(sha256(raw)).toBe(image.manifest.digest);
    }
    // Several at once, into one repository, share nothing but the registry.
    const all = await Promise.all(['a', 'b', 'c'].map((tag) => push(`at/once:${tag}`)));
    expect(new Set(all.map(({ digest }) => digest)).size).toBe(1);
  });

  it('are an index with all platforms, or one of them', async () => {
    await using client = await connect();
    const to = `${registry.host}/team/multi:1`;
    const { digest } = await client.pushImage(multi, { to });
    expect(digest).toBe((await client.getImage(multi)).target.digest);
    expect(sha256(await skopeo('inspect', '--raw', `docker://${to}`))).toBe(digest);
    await skopeo('copy', '--all', '--quiet', `docker://${to}`, `dir:${join(folder, 'all')}`);
    const single = `${registry.host}/team/single:1`;
    const pushed = await client.pushImage(multi, { to: single, platform: `linux/${own()}` });
    expect(pushed.digest).toBe(image.manifest.digest);
    const named = `${registry.host}/team/named@${digest}`;
    expect((await client.pushImage(multi, { to: named })).reference).toBe(named);
    expect(sha256(await skopeo('inspect', '--raw', `docker://${named}`))).toBe(digest);
  });

  it('go in chunks as well', async () => {
    await using client = await connect();
    const to = `${registry.host}/team/chunks:1`;
    const fresh = await busyboxImage({ layers: [[file('chunks', randomBytes(700_000))]] });
    const name = 'docker.io/library/chunks:1';
    await client.importImage({ source: bytes(await ociArchive(fresh, name)), unpack: false });
    const pushed = await client.pushImage(name, { to, chunkBytes: 100_000 });
    expect(pushed).toMatchObject({ digest: fresh.manifest.digest });
    await skopeo('copy', '--quiet', `docker://${to}`, `dir:${join(folder, 'chunks')}`);
    await client.removeImage(name, { sync: true });
  });
});

describe('the example', () => {
  it('mirrors an image and keeps it in a file', async () => {
    const before = await oracle.count();
    const from = `${registry.host}/example/from:1`;
    const to = `${registry.host}/example/to:1`;
    const path = join(folder, 'mirrored.tar');
    await using client = await connect();
    const { digest } = await client.pushImage(multi, { to: from });
    await client.close();
    const said = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      const options = { address: containerd.address, namespace };
      expect(await mirror(from, to, path, options)).toBe(digest);
      expect(said).toHaveBeenLastCalledWith(`${to}@${digest}: 0 blobs were not there yet`);
    } finally {
      said.mockRestore();
    }
    expect(sha256(await skopeo('inspect', '--raw', `docker://${to}`))).toBe(digest);
    const list = (await run('tar', ['-tf', path])).stdout;
    expect(list).toContain(`blobs/${digest.replace(':', '/')}`);
    await containerd.ctr('-n', namespace, 'images', 'rm', '--sync', from);
    await oracle.expectNothingLeft(before);
  });
});

describe('a registry', () => {
  it('with passwords takes a push of those who have one', async () => {
    const { path } = await written('htpasswd', htpasswd);
    await using guarded = await debianRegistry({
      config: `auth: {htpasswd: {realm: test, path: ${path}}}\n`,
    });
    const before = await oracle.count();
    const client = await connect();
    const to = `${guarded.host}/team/one:1`;
    const right = { username: 'me', password: 'secret' };
    await expect(client.pushImage(one, { to })).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(
      client.pushImage(one, { to, credentials: { ...right, password: 'wrong' } }),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
    const pushed = await client.pushImage(one, { to, credentials: right });
    expect(pushed.digest).toBe(image.manifest.digest);
    await client.close();
    await oracle.expectNothingLeft(before);
  });

  it('with a certificate of a private authority is met over TLS', async () => {
    const { ca, cert, key } = await privateAuthority(folder);
    await using secure = await debianRegistry({ tls: { cert, key } });
    const base = new URL(`https://${secure.host}/v2/`);
    const capabilities = new Set(['resolve', 'pull', 'push'] as const);
    const tls = { ca: [await readFile(ca, 'utf8')] };
    await using client = await connect({ hosts: () => [{ base, capabilities, tls }] });
    const to = `${secure.host}/team/one:1`;
    expect((await client.pushImage(one, { to })).digest).toBe(image.manifest.digest);
    await using careful = await connect({ hosts: () => [{ base, capabilities }] });
    await expect(careful.pushImage(one, { to })).rejects.toMatchObject({
      ...{ code: 'unavailable', reason: 'tls' },
    });
  });
});

describe('a push that is broken', () => {
  it('comes to its end through a connection that resets again and again', async () => {
    const before = await oracle.count();
    const client = await connect({ retryDelayMs: 10 });
    const broken = await unreliable(registry.host, 1_200_000, 4);
    // Of the registry's name nothing but the port differs: the blobs may not be there already.
    const to = `${broken.host}/broken/one:1`;
    expect((await client.pushImage(one, { to })).digest).toBe(image.manifest.digest);
    expect(broken.resets()).toBeGreaterThan(0);
    const direct = `docker://${registry.host}/broken/one:1`;
    await skopeo('copy', '--quiet', direct, `dir:${join(folder, 'broken')}`);
    await client.close();
    await broken.close();
    await oracle.expectNothingLeft(before);
  });

  it('by an abort leaves no lease here, and no manifest there', async () => {
    await using empty = await debianRegistry();
    const before = await oracle.count();
    const client = await connect();
    for (const status of ['waiting', 'uploading', 'uploaded'] as const) {
      const controller = new AbortController();
      const push = client.pushImage(one, {
        to: `${empty.host}/aborted/one:${status}`,
        signal: controller.signal,
        onProgress: (event) => {
          if (event.status === status) controller.abort();
        },
      });
      await expect(push).rejects.toMatchObject({ code: 'aborted' });
    }
    await client.close();
    await oracle.expectNothingLeft(before);
    const repository = join(empty.storage, 'docker/registry/v2/repositories/aborted/one');
    expect(await readdir(join(repository, '_manifests')).catch(() => [])).toEqual([]);
  });

  it('by what is missing sends nothing, and is told how to go on', async () => {
    const before = await oracle.count();
    const client = await connect();
    const to = `${registry.host}/partial/one:1`;
    await expect(client.pushImage(partial, { to })).rejects.toMatchObject({
      ...{ code: 'not-found', reason: 'incomplete', subject: partial },
      message: expect.stringContaining('platform'),
    });
    const pushed = await client.pushImage(partial, { to, platform: `linux/${own()}` });
    expect(pushed.digest).toBe(image.manifest.digest);
    await client.close();
    await oracle.expectNothingLeft(before);
  });

  it('by bad input is refused', async () => {
    const before = await oracle.count();
    const client = await connect();
    const digest = `sha256:${'0'.repeat(64)}`;
    for (const [options, error] of [
      [{ to: 'NO' }, { code: 'invalid-argument', field: 'reference' }],
      [{ to: `${registry.host}/x@${digest}` }, { code: 'invalid-argument', field: 'to' }],
      [{ platform: 'x' }, { code: 'invalid-argument', field: 'platform' }],
      [{ concurrency: 0 }, { code: 'invalid-argument', field: 'concurrency' }],
      [{ chunkBytes: 0.5 }, { code: 'invalid-argument', field: 'chunkBytes' }],
      [{ to: '127.0.0.1:1/x:1' }, { code: 'unavailable', reason: 'refused' }],
    ] as const) {
      await expect(client.pushImage(one, options)).rejects.toMatchObject(error);
    }
    await expect(client.pushImage('no/such:1')).rejects.toMatchObject({ code: 'not-found' });
    await client.close();
    await oracle.expectNothingLeft(before);
  });
});

/** A way to a host on which the first connections to carry so many bytes are reset. */
async function unreliable(host: string, after: number, times: number) {
  const [address = '', port = ''] = host.split(':');
  let resets = 0;
  const server = createServer((near) => {
    const far = dial(Number(port), address);
    let carried = 0;
    near.on('data', (chunk) => {
      carried += chunk.length;
      if (carried > after && resets < times) {
        resets += 1;
        near.resetAndDestroy();
        far.destroy();
      }
    });
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    resets: () => resets,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function written(name: string, content: string): Promise<{ path: string }> {
  const path = join(folder, name);
  await writeFile(path, content);
  return { path };
}

async function skopeo(command: string, ...args: string[]): Promise<string> {
  const tls = command === 'copy' ? '--src-tls-verify=false' : '--tls-verify=false';
  return (await run('skopeo', ['--insecure-policy', command, tls, ...args])).stdout;
}

function own(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}
