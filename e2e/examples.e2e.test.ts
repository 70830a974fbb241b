import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultClient } from '@ctrd/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect } from '../examples/compose/main.js';
import * as life from '../examples/containers/main.js';
import { audit } from '../examples/plugin/main.js';
import { greet } from '../examples/quick-start/main.js';
import { bundle } from '../tools/bundles/bundle.js';
import {
  busyboxImage,
  busyboxImageTar,
  busyboxName,
  busyboxRootfs,
  clientProgram,
  daemon,
  leakOracle,
  namespaceOf,
  testRegistry,
} from './support/index.js';

const { address, runtimeDir } = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
let folder: string;
let rootfs: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-examples-'));
  rootfs = join(folder, 'rootfs');
  await busyboxRootfs(rootfs);
});
afterAll(() => rm(folder, { recursive: true }));

/** Imports the image for the time of a test. */
async function withImage(space: string, run: () => Promise<void>): Promise<void> {
  const client = await defaultClient({ address, namespace: space }).connect();
  try {
    await client.importImage({ source: await busyboxImageTar() });
    await run();
  } finally {
    await client.removeImage(busyboxName, { sync: true });
    await client.close();
  }
}

describe('the examples', () => {
  it('quick-start: greets from a container, of an image that is there and of one that is pulled', async () => {
    const printed: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed.push(String(text));
      return true;
    });
    try {
      await withImage('quick-start', async () => {
        expect(await greet(busyboxName, { address })).toBe(3);
      });
      await using registry = await testRegistry();
      const { manifest, config, layers } = await busyboxImage();
      registry.addManifest('box', manifest, '1');
      for (const { bytes } of [config, ...layers]) registry.addBlob(bytes);
      const pulled = `${registry.host}/box:1`;
      expect(await greet(pulled, { address })).toBe(3);
      await using client = await defaultClient({ address, namespace: 'quick-start' }).connect();
      await client.removeImage(pulled, { sync: true });
    } finally {
      write.mockRestore();
    }
    expect(printed.join('')).toBe('hello from container\n'.repeat(2));
  });

  it('containers: runs, enters, logs and ends', async () => {
    const before = await oracle.count();
    const client = await life.connect({ address, namespace });
    expect(await life.filter(client, rootfs, 'b\na\n')).toBe('a\nb\n');
    expect(await life.enter(client, rootfs)).toEqual(['app\n', 'timeout']);
    expect(await life.logged(client, rootfs, join(folder, 'x.log').slice(1))).toBe('1\n2\n3\n');
    expect(await life.end(client, rootfs)).toBe(137);
    const source = join(folder, 'input');
    await mkdir(source);
    await writeFile(join(source, 'file'), 'from the host');
    expect(await life.isolated(client, rootfs, source)).toBe('app hello from the host\n');
    await client.close();
    await oracle.expectNothingLeft(before);
  });

  it('containers: takes up what a killed program has left', async () => {
    const before = await oracle.count();
    {
      await using program = clientProgram(daemon(), namespace, {
        body: `await client.createContainer({ id: 'left', ...args });
               console.log('made');`,
        args: { rootfs, args: ['sh', '-c', 'sleep 1; exit 9'] },
      });
      await once(program.process.stdout, 'data');
    }
    await using client = await life.connect({ address, namespace, runtimeDir });
    expect(await life.resume(client)).toEqual(['left: 9']);
    await client.close();
    await oracle.expectNothingLeft(before);
  });

  it('compose: tells of exits, and lets nobody be privileged', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const before = await oracle.count();
    await withImage(namespace, async () => {
      await using client = await connect(address, namespace);
      const options = { id: 'composed', image: busyboxName, args: ['sh', '-c', 'exit 4'] };
      await expect(client.createContainer({ ...options, privileged: true })).rejects.toMatchObject({
        code: 'permission-denied',
      });
      await using container = await client.createContainer(options);
      expect(await container.wait()).toMatchObject({ exitCode: 4 });
    });
    expect(log).toHaveBeenCalledWith('composed: 4');
    log.mockRestore();
    await oracle.expectNothingLeft(before);
  });

  it('plugin: keeps a log, and lets only known registries in', async () => {
    await withImage(namespace, async () => {
      await using client = await defaultClient({ address, namespace })
        .use(audit({ registries: ['docker.io'] }))
        .connect();
      await expect(
        client.createContainer({ id: 'foreign', image: 'example.com/x', args: ['true'] }),
      ).rejects.toMatchObject({ code: 'permission-denied', subject: 'example.com/x' });
      const job = await client.createContainer({ id: 'known', image: busyboxName, args: ['true'] });
      await job.wait();
      await job.destroy();
      // The shortest program has ended before its creation is answered.
      const log = await client.auditLog();
      expect([...log].sort()).toEqual(['created known', `${namespace}/known ended with 0`].sort());
    });
  });

  it('own-host: runs on a root file system, bundled into one file by itself', async () => {
    const host = join(folder, 'host.mjs');
    const job = { id: 'own', rootfs, args: ['sh', '-c', 'echo bundled; exit 6'] };
    const { code } = await bundle(
      `import { run } from './examples/own-host/main.js';
       console.log(JSON.stringify(await run(${JSON.stringify({ address, namespace })}, ${JSON.stringify(job)})));`,
    );
    await writeFile(host, code);
    // Not before: the bundler stays at work in a process of its own.
    const before = await oracle.count();
    const { stdout } = await promisify(execFile)(process.execPath, [host], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual({ output: 'bundled\n', exitCode: 6 });
    await oracle.expectNothingLeft(before);
  });

  it('light: runs, bundled into one file from which grpc-js is left out', async () => {
    const host = join(folder, 'light.mjs');
    const job = { id: 'light', rootfs, args: ['sh', '-c', 'exit 5'] };
    const { code } = await bundle(
      `import { connect } from './examples/light/main.js';
       await using client = await connect(${JSON.stringify({ address, namespace })});
       await using job = await client.createContainer(${JSON.stringify(job)});
       console.log(JSON.stringify((await job.wait()).exitCode));`,
      { external: ['@ctrd/core/grpc'] },
    );
    await writeFile(host, code);
    const before = await oracle.count();
    const { stdout } = await promisify(execFile)(process.execPath, [host], { cwd: folder });
    expect(stdout).toBe('5\n');
    await oracle.expectNothingLeft(before);
  });
});
