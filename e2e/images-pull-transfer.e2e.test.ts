import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ctrd } from '@ctrd/core';
import { type ImagePolicy, images, type PullProgress, type RegistryOptions } from '@ctrd/images';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Blob,
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  descriptor,
  file,
  htpasswd,
  type Image,
  json,
  type LeakOracle,
  leakOracle,
  type Mischief,
  namespaceOf,
  type PrivateDaemon,
  type PullOutcome,
  type PullStep,
  privateAuthority,
  privateDaemon,
  proxyServer,
  pullProcess,
  type Remains,
  type TestRegistry,
  testRegistry,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const credentials = { username: 'me', password: 'secret' };
const connect = (registry: RegistryOptions = {}, policy?: ImagePolicy) =>
  ctrd({ address: containerd.address, namespace })
    .use(
      images({
        ...{ puller: 'transfer', policy },
        registry: { credentials: () => undefined, hostsFolders: [], proxy: false, ...registry },
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

  it('does what the daemon cannot: documents alone', async () => {
    await using client = await connect();
    const name = `${plain.host}/box:1`;
    const info = await client.pullImage(name, { metadataOnly: true });
    expect(info.details?.id).toBe(image.config.digest);
    await client.removeImage(name, { sync: true });
  });

  it('does what the daemon cannot: mirrors and proxies of the client', async () => {
    const name = 'registry.example/box:1';
    await using proxy = await proxyServer(plain.host);
    const base = new URL(`http://${plain.host}/v2/`);
    const mirror = { base, capabilities: new Set(['resolve', 'pull'] as const) };
    for (const registry of [
      { hosts: () => [mirror] },
      { proxy: proxy.url, insecure: ['registry.example'] },
    ]) {
      await using client = await connect(registry);
      const info = await client.pullImage(name);
      expect(info.details?.id).toBe(image.config.digest);
      await client.removeImage(name, { sync: true });
    }
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
    await using client = await connect(undefined, {
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

/** By an authority that only the environments of this daemon and of the pulling process name. */
describe('a pull by the daemon over TLS', () => {
  const isDaemons = containerd.line !== '1.6';
  const layer = () => image.layers.at(-1) as Blob;
  let own: PrivateDaemon;
  let left: LeakOracle;
  let registry: TestRegistry;
  let name: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const pem = await privateAuthority(folder);
    env = { NODE_EXTRA_CA_CERTS: pem.ca };
    own = await privateDaemon({ env: { SSL_CERT_FILE: pem.ca } });
    // What pulls is another process; this one has the registry, and the daemon keeps connections to it.
    left = leakOracle(own, namespace, { except: /^descriptor / });
    registry = await testRegistry({ tls: pem });
    serve(image, '1');
    name = `${registry.host}/box:1`;
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await own?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    registry.misbehave(undefined);
    registry.requests.length = 0;
  });

  function serve({ manifest, config, layers }: Image, tag: string): void {
    registry.addManifest('box', manifest, tag);
    for (const { bytes } of [config, ...layers]) registry.addBlob(bytes);
  }

  /** Who has asked for a layer. */
  function fetchers(): readonly string[] {
    const layers = registry.requests.filter(({ url }) => url.endsWith(layer().digest));
    return layers.map(({ headers }) => headers['user-agent']?.split('/', 1)[0] ?? '');
  }

  async function pulled(reference: string, options: Parameters<typeof pullProcess>[3] = {}) {
    await using pull = pullProcess(own, namespace, reference, {
      ...{ puller: 'transfer', https: true, env, ...options },
    });
    const outcome = await pull.outcome;
    const check = await own.ctr('-n', namespace, 'images', 'check').catch(String);
    const { snapshotter = 'overlayfs' } = options;
    const snapshots = await own.ctr(
      ...['-n', namespace, 'snapshots', '--snapshotter', snapshotter, 'ls'],
    );
    if (outcome !== undefined && 'image' in outcome) {
      await own.ctr('-n', namespace, 'images', 'rm', '--sync', reference);
    }
    return { outcome, check, snapshots, steps: pull.steps };
  }

  it('ends with the same image and the same steps as one by this process', async () => {
    const before = await left.count();
    const { outcome: ours, steps: ourSteps } = await pulled(name, { puller: 'registry' });
    expect(fetchers()).toEqual(['ctrd']);
    registry.requests.length = 0;
    const { outcome, check, steps } = await pulled(name);
    expect(fetchers()).toEqual([isDaemons ? 'containerd' : 'ctrd']);
    expect(untimed(outcome)).toEqual(untimed(ours));
    expect(check).toMatch(/complete \(3\/3\)\s.*\strue\s*$/m);
    expect(ofImage(steps, name)).toEqual(['resolving', 'resolved', 'done']);
    expect(finals(steps)).toEqual(finals(ourSteps));
    await left.expectNothingLeft(before);
  });

  it('leaves to this process what the daemon is not configured to unpack', async () => {
    const { outcome, snapshots, steps } = await pulled(name, { snapshotter: 'native' });
    expect(outcome).toMatchObject({ image: { name } });
    expect(snapshots.match(/Committed/g)).toHaveLength(2);
    expect(ofImage(steps, name)).toEqual(['resolving', 'resolved', 'done']);
  });

  it('takes what this machine runs too, where the daemon would take nothing', async () => {
    const layers = [[file('old', 'a processor\n')]];
    const old = await busyboxImage({ architecture: '386', layers });
    serve(old, 'old');
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const platform = { os: 'linux', architecture: '386' };
    const manifests = [{ ...descriptor(old.manifest), platform }];
    registry.addManifest('box', json(mediaType, { schemaVersion: 2, mediaType, manifests }), 'two');
    for (const tag of ['old', 'two']) {
      const { outcome, check } = await pulled(`${registry.host}/box:${tag}`, {
        platform: 'linux/amd64',
      });
      expect(outcome).toMatchObject({ image: { details: { id: old.config.digest } } });
      expect(check).toMatch(/complete \(\d\/\d\)\s.*\strue\s*$/m);
    }
  });

  it.each<[string, Mischief, object]>([
    ['has lost a layer', (_, response) => sent(response.writeHead(404)), { code: 'not-found' }],
    [
      'serves a wrong one',
      (_, response) => sent(response, Buffer.alloc(layer().size)),
      { code: 'data-loss' },
    ],
    [
      'falls silent in the midst of one',
      (_, response) => {
        response.writeHead(200, { 'content-length': layer().size }).write('x');
        return true;
      },
      { code: 'timeout', reason: 'idle' },
    ],
  ])('from a registry that %s fails, and nothing stays', async (_, mischief, error) => {
    const before = await left.count();
    registry.misbehave(
      (request, response) =>
        request.url?.endsWith(layer().digest) === true && mischief(request, response),
    );
    const { outcome } = await pulled(name, { idleTimeoutMs: 1000 });
    expect(outcome).toMatchObject({ error });
    if (isDaemons) {
      expect(fetchers()).toContain('containerd');
      await collectGarbage();
      expect(await own.ctr('-n', namespace, 'content', 'ls', '-q')).toBe('');
    } else {
      // This process keeps what has come for the next pull.
      registry.misbehave(undefined);
      await pulled(name);
    }
    await left.expectNothingLeft(before);
  });

  /** The end of a lease can wait for it. */
  async function collectGarbage(): Promise<void> {
    await own.ctr('-n', namespace, 'leases', 'create', '--id', 'last');
    await own.ctr('-n', namespace, 'leases', 'delete', '--sync', 'last');
  }
});

function sent(response: ServerResponse, body = Buffer.alloc(0)): true {
  response.end(body);
  return true;
}

/** What came of a pull, without the times of the record. */
function untimed(outcome: PullOutcome | undefined): unknown {
  if (outcome === undefined || !('image' in outcome)) return outcome;
  const { createdAt: _, updatedAt: __, ...rest } = outcome.image;
  return rest;
}

const ofImage = (steps: readonly PullStep[], name: string) =>
  steps.filter(({ ref }) => ref === name).map(({ status }) => status);

/** The last that was told of each thing. */
function finals(steps: readonly PullStep[]): readonly string[] {
  const last = new Map(steps.map((step) => [step.ref, step]));
  return [...last.values()].map((step) => JSON.stringify(step)).sort();
}
