import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ctrd } from '@ctrd/core';
import { images, type RegistryOptions } from '@ctrd/images';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  file,
  htpasswd,
  leakOracle,
  namespaceOf,
  privateAuthority,
  proxyServer,
  type Remains,
  testRegistry,
  tokenServer,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const credentials = { username: 'me', password: 'secret' };
const wrong = { username: 'me', password: 'guess' };

let folder: string;
let pem: Awaited<ReturnType<typeof privateAuthority>>;
let plain: DebianRegistry;
let image: Awaited<ReturnType<typeof busyboxImage>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-pull-'));
  pem = await privateAuthority(folder);
  plain = await debianRegistry();
  image = await busyboxImage({ layers: [[file('etc/hostname', 'pulled\n')]] });
  await plain.seed('team/box:1', image);
});

afterAll(async () => {
  await plain?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

let before: Remains;
beforeEach(async () => {
  before = await oracle.count();
});
afterEach(() => oracle.expectNothingLeft(before, 10_000));

const connect = (registry: RegistryOptions = {}) =>
  ctrd({ address: containerd.address, namespace })
    .use(
      images({
        registry: { credentials: () => undefined, hostsFolders: [], proxy: false, ...registry },
      }),
    )
    .connect();

/** Pulls, looks whether it is the image, and removes it. */
async function pull(
  reference: string,
  registry: RegistryOptions = {},
  as?: { username: string; password: string },
): Promise<void> {
  await using client = await connect(registry);
  const { details } = await client.pullImage(reference, { credentials: as });
  expect(details?.id).toBe(image.config.digest);
  await client.removeImage(reference, { sync: true });
}

describe('a registry with passwords', () => {
  it('is shown those that were given, found or stored', async () => {
    const file = join(folder, 'passwords');
    await writeFile(file, htpasswd);
    const config = `auth: {htpasswd: {realm: box, path: ${file}}}\n`;
    await using registry = await debianRegistry({ storage: plain.storage, config });
    const name = `${registry.host}/team/box:1`;
    await pull(name, {}, credentials);
    await pull(name, {
      credentials: (host) => (host === registry.host ? credentials : undefined),
    });
    await expect(pull(name)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(pull(name, {}, wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('a registry over TLS', () => {
  it('is trusted by its private authority, and not without', async () => {
    await using registry = await debianRegistry({ storage: plain.storage, tls: pem });
    const name = `${registry.host}/team/box:1`;
    const hostsFolders = [join(folder, 'certs.d')];
    const own = join(folder, 'certs.d', registry.host);
    await mkdir(own, { recursive: true });
    const server = `server = "https://${registry.host}"\n`;
    await writeFile(join(own, 'hosts.toml'), `${server}ca = "${pem.ca}"`);
    await pull(name, { hostsFolders });
    await writeFile(join(own, 'hosts.toml'), `${server}skip_verify = true`);
    await pull(name, { hostsFolders });
    await writeFile(join(own, 'hosts.toml'), server);
    await expect(pull(name, { hostsFolders })).rejects.toMatchObject({
      ...{ code: 'unavailable', reason: 'tls' },
    });
    // Plain HTTP is what this machine's registries are asked in, and nothing falls back from it.
    await expect(pull(name)).rejects.toMatchObject({ code: 'unknown' });
  });
});

describe('a registry with a token service', () => {
  it('is shown a token for reading this repository alone', async () => {
    await using tokens = await tokenServer(pem);
    await using registry = await debianRegistry({ storage: plain.storage, config: tokens.config });
    const name = `${registry.host}/team/box:1`;
    await pull(name, {}, credentials);
    expect(tokens.asked).toEqual([{ scope: 'repository:team/box:pull', withPassword: true }]);
    await expect(pull(name)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(pull(name, {}, wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('a registry behind a proxy', () => {
  it('is reached through it, in plain and over TLS', async () => {
    await using proxy = await proxyServer(plain.host);
    const insecure = ['registry.example'];
    await pull('registry.example/team/box:1', { proxy: proxy.url, insecure });
    expect(proxy.asked[0]).toBe('HEAD http://registry.example/v2/team/box/manifests/1');
    await using registry = await debianRegistry({ storage: plain.storage, tls: pem });
    await using tunnel = await proxyServer(registry.host);
    const hosts = () => [
      {
        base: new URL('https://registry.example/v2/'),
        capabilities: new Set(['resolve', 'pull'] as const),
        tls: { skipVerify: true },
      },
    ];
    await pull('registry.example/team/box:1', { proxy: { https: tunnel.url }, hosts });
    expect(new Set(tunnel.asked)).toEqual(new Set(['CONNECT registry.example:443']));
  });
});

describe('mirrors', () => {
  it('are told which registry is meant, and come before it', async () => {
    await using mirror = await testRegistry();
    mirror.addManifest('library/box', image.manifest, '1');
    for (const { bytes } of [image.config, ...image.layers]) mirror.addBlob(bytes);
    await pull('box:1', { mirrors: { 'docker.io': [`http://${mirror.host}`] } });
    expect(mirror.requests.map(({ url }) => url)).toContain(
      '/v2/library/box/manifests/1?ns=docker.io',
    );
    expect(mirror.requests.every(({ url }) => url.endsWith('?ns=docker.io'))).toBe(true);
  });

  it('may be a registry that has the images of another', async () => {
    await plain.seed('library/box:1', image);
    await pull('box:1', { mirrors: { 'docker.io': [`http://${plain.host}`] } });
  });

  it('are done without when they have nothing, or what is wrong', async () => {
    await using mirror = await testRegistry();
    const mirrors = { [plain.host]: [`http://${mirror.host}`] };
    await pull(`${plain.host}/team/box:1`, { mirrors });
    mirror.misbehave((request, response) => {
      if (request.url?.includes('/manifests/') === true) return false;
      response.end('x'.repeat(100));
      return true;
    });
    await pull(`${plain.host}/team/box:1`, { mirrors });
    expect(mirror.requests.some(({ url }) => url.includes('/blobs/'))).toBe(true);
  });
});
