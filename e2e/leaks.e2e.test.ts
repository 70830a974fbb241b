import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DefaultClient, defaultClient } from '@ctrd/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImageTar,
  busyboxName,
  busyboxRootfs,
  daemon,
  leakOracle,
  namespaceOf,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const cycles = 100;
/** How many go on at once: two cores make a container in some 100 ms. */
const atOnce = 4;

let folder: string;
let rootfs: string;
let client: DefaultClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-leaks-'));
  rootfs = join(folder, 'rootfs');
  await busyboxRootfs(rootfs);
  const { address } = containerd;
  client = await defaultClient({ address, namespace, runtimeDir: join(folder, 'run') }).connect();
  await client.importImage({ source: await busyboxImageTar() });
});

afterAll(async () => {
  await client.removeImage(busyboxName, { sync: true });
  await client.close();
  await rm(folder, { recursive: true });
});

/** Runs something `cycles` times, some at once. */
async function repeat(run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < cycles) await run(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

describe('nothing is left', { timeout: 240_000 }, () => {
  it('of 100 containers that were made, entered, and destroyed', async () => {
    const before = await oracle.count();
    let exits = 0;
    using _hook = client.setExitHooks(() => {
      exits += 1;
    });
    await repeat(async (index) => {
      const root = index % 2 === 0 ? { image: busyboxName } : { rootfs };
      const container = await client.createContainer({
        ...{ id: `cycle-${index}`, ...root, args: ['cat'] },
        stdio: 'pipe',
      });
      expect(await container.run({ args: ['echo', 'hi'] })).toMatchObject({ exitCode: 0 });
      container.stdin.end('done');
      container.stdout.resume();
      expect(await container.wait()).toMatchObject({ exitCode: 0 });
      await container.destroy();
    });
    expect(exits).toBe(cycles);
    await oracle.expectNothingLeft(before);
  });

  it('of 100 creations that failed, each in its way', async () => {
    const taken = await client.createContainer({ id: 'taken', rootfs, args: ['sleep', '600'] });
    const before = await oracle.count();
    const image = busyboxName;
    const ways: readonly [object, string][] = [
      [{ image: 'no-such-image' }, 'not-found'],
      [{ image, args: ['no-such-program'] }, 'failed-precondition'],
      [{ rootfs, args: ['no-such-program'], stdio: 'pipe' }, 'failed-precondition'],
      [{ image, user: 'nobody-knows' }, 'not-found'],
      [{ image, args: [] }, 'invalid-argument'],
      [{ image, id: 'taken' }, 'already-exists'],
      [{ image, mounts: [{ source: '/no/such/folder', destination: '/mnt' }] }, ''],
      [{ rootfs: '/no/such/rootfs', args: ['true'] }, ''],
      [{ image, signal: AbortSignal.abort() }, 'aborted'],
      [{ image, timeoutMs: 0 }, 'timeout'],
    ];
    await repeat(async (index) => {
      const [options, code] = ways[index % ways.length] ?? [{}, ''];
      const id = `failing-${index}`;
      const made = client.createContainer({ id, args: ['true'], ...options } as never);
      await expect(made).rejects.toMatchObject(code === '' ? {} : { code });
    });
    await oracle.expectNothingLeft(before);
    expect(await taken.info()).toMatchObject({ status: 'running' });
    await taken.destroy({ graceMs: 0 });
  });

  it('of 100 creations that were aborted at any moment', async () => {
    const before = await oracle.count();
    await repeat(async (index) => {
      // A whole creation takes some 100 ms: the abort falls before, into or after every step.
      const timeoutMs = 1 + index * 2;
      const options = { id: `aborted-${index}`, image: busyboxName, stdio: 'pipe' } as const;
      try {
        const made = await client.createContainer({
          ...options,
          args: ['sleep', '600'],
          timeoutMs,
        });
        await made.destroy({ graceMs: 0 });
      } catch (error) {
        expect(error).toMatchObject({ code: 'timeout' });
      }
    });
    await oracle.expectNothingLeft(before);
  });
});
