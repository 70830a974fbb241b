import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type DefaultClient, defaultClient } from '@ctrd/client';
import { CtrdError, ctrd, definePlugin, type RpcInterceptor } from '@ctrd/core';
import { images } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frozen } from '../examples/images/commit.js';
import {
  busyboxImage,
  daemon,
  descriptor,
  dockerArchive,
  file,
  json,
  leakOracle,
  namespaceOf,
  ociArchive,
} from './support/index.js';

const run = promisify(execFile);
const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);

const base = 'docker.io/library/commit-base:1';
const docker = 'docker.io/library/commit-base:docker';
const made = 'docker.io/library/committed:1';

let folder: string;
let image: Awaited<ReturnType<typeof busyboxImage>>;
let client: DefaultClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-commit-'));
  const { address } = containerd;
  client = await defaultClient({ address, namespace, runtimeDir: join(folder, 'run') }).connect();
  image = withConfig(
    await busyboxImage({
      layers: [[file('etc/old', 'old\n'), file('etc/kept', 'kept\n')]],
      env: ['A=1'],
      labels: { kind: 'base' },
      exposedPorts: ['80/tcp'],
      volumes: ['/data'],
      stopSignal: 'SIGQUIT',
    }),
    { Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000 }, OnBuild: ['RUN true'] },
  );
  await client.importImage({ source: bytes(await ociArchive(image, base)) });
  await client.importImage({ source: bytes(await dockerArchive(image, docker)) });
});

afterAll(async () => {
  for (const { name } of await client.listImages()) await client.removeImage(name, { sync: true });
  await client.close();
  await rm(folder, { recursive: true, force: true });
});

const changing = [
  'echo new > /etc/new',
  'rm /etc/old',
  'echo app > /app && chown 1000:1000 /app && chmod 4755 /app',
  'mkfifo /pipe && ln -s /etc/new /link',
  'sleep 1000',
].join(' && ');

/** Runs what changes files, and gives the container once they are changed. */
async function changed(id: string, reference = base, extra: object = {}) {
  const container = await client.createContainer({
    ...{ id, image: reference, args: ['sh', '-c', changing], ...extra },
  });
  const look = ['sh', '-c', 'until [ -L /link ]; do sleep 0.05; done'];
  expect((await client.runInContainer(id, { args: look })).exitCode).toBe(0);
  return container;
}

describe('a committed container', () => {
  it('is an image with its changes, which runs when base and container are gone', async () => {
    const before = await oracle.count();
    const original = await changed('source');
    await client.pauseContainer('source');
    const info = await client.commitImage('committed:1', {
      container: 'source',
      changes: { cmd: ['cat', '/etc/new'], env: ['A=2', 'B=3'], labels: { by: 'test' } },
      author: 'someone',
      comment: 'a test',
      created: new Date('2026-01-02T03:04:05Z'),
    });
    await client.unpauseContainer('source');
    expect(info).toMatchObject({ name: made, problem: undefined });
    expect(info.details?.created).toBe('2026-01-02T03:04:05.000Z');
    await original.destroy({ graceMs: 0 });

    // The base goes away in this test's namespace, with a collection; its layers must stay.
    await client.tagImage(base, { name: 'kept:1' });
    await client.removeImage(base, { sync: true });
    const { stdout } = await client
      .createContainer({
        id: 'again',
        image: made,
        args: ['sh', '-c', 'cat /etc/new /etc/kept /link; ls -ln /app /pipe /etc; echo $A$B'],
        stdio: 'pipe',
      })
      .then(async (container) => {
        const output: Buffer[] = [];
        for await (const chunk of container.stdout) output.push(chunk);
        expect(await container.wait()).toMatchObject({ exitCode: 0 });
        await container.destroy();
        return { stdout: Buffer.concat(output).toString() };
      });
    expect(stdout).toMatch(/^new\nkept\nnew\n/);
    expect(stdout).toMatch(/-rwsr-xr-x\s+1\s+1000\s+1000.*\/app/);
    expect(stdout).toMatch(/^prw.*\/pipe/m);
    expect(stdout).not.toMatch(/ old$/m);
    expect(stdout).toMatch(/23\n$/);
    await client.tagImage('kept:1', { name: base });
    await client.removeImage('kept:1');
    await client.removeImage(made, { sync: true });
    await collect();
    await oracle.expectNothingLeft(before);
  });

  it('carries through what the base says, and says what it is itself', async () => {
    const source = await changed('source');
    const info = await client.commitImage(made, {
      container: 'source',
      changes: {
        exposedPorts: ['53/udp'],
        volumes: ['/more'],
        workingDir: '/etc',
        user: 'app',
        stopSignal: 'SIGINT',
        entrypoint: ['cat'],
      },
    });
    await source.destroy({ graceMs: 0 });
    const config = JSON.parse(await blob(info.details?.id ?? ''));
    expect(config).toMatchObject({
      architecture: info.details?.platform.architecture,
      os: 'linux',
      config: {
        Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000 },
        OnBuild: ['RUN true'],
        ExposedPorts: { '80/tcp': {}, '53/udp': {} },
        Volumes: { '/data': {}, '/more': {} },
        Env: ['PATH=/bin', 'IMAGE=busybox', 'A=1'],
        Entrypoint: ['cat'],
        Cmd: ['sh'],
        Labels: { kind: 'base' },
        WorkingDir: '/etc',
        User: 'app',
        StopSignal: 'SIGINT',
      },
      rootfs: { type: 'layers' },
    });
    expect(config.rootfs.diff_ids).toHaveLength(3);
    expect(config.history).toHaveLength(3);
    expect(config.history[2].created_by).toBe(`sh -c ${changing}`);
    const manifest = JSON.parse(await blob(info.target.digest));
    expect(manifest.mediaType).toBe(info.target.mediaType);
    expect(manifest.layers.slice(0, 2)).toEqual(
      image.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    );
    const check = await containerd.ctr('-n', namespace, 'images', 'check', `name==${made}`);
    expect(check).toMatch(/complete \(4\/4\)/);
    expect(check).toMatch(/true\s*$/);
    await client.removeImage(made, { sync: true });
  });

  it('keeps to the types of a Docker base, and is read by skopeo and umoci', async () => {
    const source = await changed('source', docker);
    const info = await client.commitImage(made, { container: 'source' });
    await source.destroy({ graceMs: 0 });
    expect(info.target.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
    const path = join(folder, 'committed.tar');
    await pipeline(client.exportImage({ references: [made] }), createWriteStream(path));
    const inspected = await run('skopeo', ['inspect', `docker-archive:${path}`]);
    expect(JSON.parse(inspected.stdout).Layers).toHaveLength(3);
    const layout = join(folder, 'layout');
    await run('skopeo', [
      ...['--insecure-policy', 'copy', '--quiet', '--format', 'oci'],
      ...[`docker-archive:${path}`, `oci:${layout}:1`],
    ]);
    await run('umoci', ['unpack', '--image', `${layout}:1`, join(folder, 'bundle')]);
    const root = join(folder, 'bundle/rootfs');
    expect(await readFile(join(root, 'etc/new'), 'utf8')).toBe('new\n');
    await expect(stat(join(root, 'etc/old'))).rejects.toThrow('ENOENT');
    const { mode, uid } = await stat(join(root, 'app'));
    expect([mode & 0o7777, uid]).toEqual([0o4755, 1000]);
    await client.removeImage(made, { sync: true });
  });

  it('is frozen by the example', async () => {
    const source = await client.createContainer({
      ...{ id: 'source', image: base, args: ['sh', '-c', 'echo here > /state; sleep 1000'] },
    });
    const look = ['sh', '-c', 'until [ -s /state ]; do sleep 0.05; done'];
    await client.runInContainer('source', { args: look });
    const digest = await frozen(client, 'source', 'frozen:1');
    expect((await client.getContainer('source')).status).toBe('running');
    await source.destroy({ graceMs: 0 });
    expect((await client.getImage('frozen:1')).target.digest).toBe(digest);
    const again = await client.createContainer({ id: 'a', image: 'frozen:1', stdio: 'pipe' });
    expect(await text(again.stdout)).toBe('here\n');
    await again.destroy();
    await client.removeImage('frozen:1', { sync: true });
  });

  it('has no layer when nothing was changed', async () => {
    const source = await client.createContainer({ id: 'source', image: base, start: false });
    const info = await client.commitImage(made, { container: 'source', changes: { cmd: ['id'] } });
    await source.destroy();
    expect(info.details?.chainId).toBe((await client.getImage(base)).details?.chainId);
    const { history, config } = await client.getOciImage(made);
    expect(history.at(-1)).toMatchObject({ emptyLayer: true });
    expect(config.cmd).toEqual(['id']);
    await client.removeImage(made, { sync: true });
  });
});

describe('a committed snapshot', () => {
  it.each(['overlayfs', 'native'])('of %s is an image, active or not', async (snapshotter) => {
    const at = { snapshotter };
    await client.unpackImage(base, at);
    const before = await oracle.count();
    await client.createSnapshot('draft', { image: base, ...at });
    const write = (name: string) => (path: string) => writeFile(join(path, name), name);
    await client.withMounts('draft', write('first'), at);
    await client.commitImage('committed:active', { snapshot: 'draft', base, ...at });
    await client.commitSnapshot('draft', { name: 'still', ...at });
    await client.createSnapshot('second', { parent: 'still', ...at });
    await client.withMounts('second', write('second'), at);
    await client.commitSnapshot('second', { name: 'top', ...at });
    await client.commitImage('committed:still', { snapshot: 'top', base, ...at });
    for (const key of ['top', 'still']) await client.removeSnapshot(key, at);

    for (const [reference, there] of [
      ['committed:active', { first: 'first' }],
      ['committed:still', { first: 'first', second: 'second' }],
    ] as const) {
      await client.viewSnapshot('look', { image: reference, ...at });
      await client.withMounts(
        'look',
        async (path) => {
          for (const [name, content] of Object.entries({ ...there, 'etc/kept': 'kept\n' })) {
            expect(await readFile(join(path, name), 'utf8')).toBe(content);
          }
        },
        { readOnly: true, ...at },
      );
      await client.removeSnapshot('look', at);
      expect((await client.getOciImage(reference)).diffIds).toHaveLength(3);
      await client.removeImage(reference, { sync: true });
    }
    await collect();
    await oracle.expectNothingLeft(before);
  });

  it('without a base is an image of one layer, stored as it is when asked', async () => {
    const before = await oracle.count();
    await client.createSnapshot('scratch');
    await client.withMounts('scratch', (path) => writeFile(join(path, 'hello'), 'hello'));
    const info = await client.commitImage('committed:scratch', {
      ...{ snapshot: 'scratch', compression: 'none', changes: { cmd: ['/hello'] } },
    });
    expect((await client.getOciImage('committed:scratch')).diffIds).toEqual([
      info.details?.chainId,
    ]);
    await client.removeSnapshot('scratch');
    await client.removeImage('committed:scratch', { sync: true });
    await collect();
    await oracle.expectNothingLeft(before);
  });
});

describe('a commit that fails', () => {
  it('is refused before anything is made', async () => {
    await client.createSnapshot('elsewhere');
    const before = await oracle.count();
    const blobs = await content();
    const from = { snapshot: 'elsewhere' };
    for (const [options, error] of [
      [{}, { code: 'invalid-argument', field: 'container' }],
      [
        { ...from, container: 'x' },
        { code: 'invalid-argument', field: 'container' },
      ],
      [{ container: 'no-such' }, { code: 'not-found' }],
      [{ snapshot: 'no-such' }, { code: 'not-found' }],
      [
        { ...from, base },
        { code: 'failed-precondition', reason: 'base' },
      ],
      [{ ...from, base: 'no/such' }, { code: 'not-found' }],
      [
        { ...from, base: 'NO' },
        { code: 'invalid-argument', field: 'reference' },
      ],
      [
        { ...from, created: 'now' },
        { code: 'invalid-argument', field: 'created' },
      ],
      [
        { ...from, compression: 'zstd' },
        { code: 'invalid-argument', field: 'compression' },
      ],
      [
        { ...from, changes: { env: ['no equals sign'] } },
        { code: 'invalid-argument', field: 'changes.env' },
      ],
    ] as const) {
      await expect(client.commitImage(made, options as never)).rejects.toMatchObject(error);
    }
    await collect();
    await oracle.expectNothingLeft(before);
    expect(await content()).toEqual(blobs);
    await client.removeSnapshot('elsewhere');
  });

  it.each(['abort', 'failure'] as const)(
    'leaves nothing, whichever of its calls ends by %s',
    async (kind) => {
      await client.createSnapshot('half', { image: base });
      // What cannot be compressed takes the diff some time.
      const filled = (path: string) => writeFile(join(path, 'big'), randomBytes(4 << 20));
      await client.withMounts('half', filled);
      const older = await client.commitImage(made, { snapshot: 'half', base, comment: 'older' });
      await collect();
      const before = await oracle.count();
      const blobs = await content();

      let failAt = 0;
      let count = 0;
      let controller = new AbortController();
      const next = (): void => {
        count += 1;
        if (count !== failAt) return;
        if (kind === 'abort') controller.abort();
        else throw new CtrdError('the test wants it', { code: 'internal', reason: 'injected' });
      };
      const interceptor: RpcInterceptor = {
        async unary(call, forward) {
          if (kind === 'failure' && isMaking(call.method.name)) next();
          const answer = forward(call);
          // While it is under way.
          if (kind === 'abort') setImmediate(next);
          return await answer;
        },
        stream(call, forward) {
          if (kind === 'failure') next();
          else setImmediate(next);
          return forward(call);
        },
      };
      const flawed = await ctrd({ address: containerd.address, namespace })
        .use(images())
        .use(definePlugin({ name: 'flaw', interceptors: [interceptor] }))
        .connect();
      let failures = 0;
      for (failAt = 1; ; failAt++) {
        count = 0;
        controller = new AbortController();
        const { signal } = controller;
        try {
          await flawed.commitImage(made, { snapshot: 'half', base, comment: 'newer', signal });
          break;
        } catch (error) {
          expect(error).toMatchObject(
            kind === 'abort' ? { code: 'aborted' } : { reason: 'injected' },
          );
          failures += 1;
          expect((await client.getImage(made)).target).toEqual(older.target);
        }
      }
      await flawed.close();
      expect(failures).toBeGreaterThan(8);
      // The same layer under a new config and manifest; the older ones went with their name.
      await collect();
      await oracle.expectNothingLeft(before);
      expect(await content()).toHaveLength(blobs.length);
      await client.removeImage(made, { sync: true });
      await client.removeSnapshot('half');
      await collect();
    },
  );
});

/** Calls that make or change something; a clean-up must not be made to fail. */
function isMaking(method: string): boolean {
  return !/^(?:Delete|Remove|Abort)$/.test(method);
}

/** Digests in the namespace. */
async function content(): Promise<string[]> {
  const list = await containerd.ctr('-n', namespace, 'content', 'ls', '-q');
  return list.split('\n').filter((line) => line !== '');
}

async function blob(digest: string): Promise<string> {
  return await containerd.ctr('-n', namespace, 'content', 'get', digest);
}

/** Lets the daemon collect what a call has left to it, with a lease whose removal waits. */
async function collect(): Promise<void> {
  await containerd.ctr('-n', namespace, 'leases', 'create', '--id', 'collect');
  await containerd.ctr('-n', namespace, 'leases', 'delete', '--sync', 'collect');
}

/** The image with more in its config than this package knows. */
function withConfig(
  plain: Awaited<ReturnType<typeof busyboxImage>>,
  more: object,
): Awaited<ReturnType<typeof busyboxImage>> {
  const document = JSON.parse(Buffer.from(plain.config.bytes).toString());
  const config = json(plain.config.mediaType, {
    ...document,
    config: { ...document.config, ...more },
  });
  const manifest = json(plain.manifest.mediaType, {
    ...JSON.parse(Buffer.from(plain.manifest.bytes).toString()),
    config: descriptor(config),
  });
  return { ...plain, config, manifest };
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}
