import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ContainerOptions, containers } from '@ctrd/containers';
import { ctrd, RuntimeDir } from '@ctrd/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxRootfs, daemon, leakOracle, namespaceOf } from './support/index.js';

const namespace = namespaceOf(import.meta.url);

let rootfs: string;
let client: Awaited<ReturnType<typeof connect>>;

const connect = () =>
  ctrd({ address: daemon().address, namespace })
    .provide(RuntimeDir, { path: daemon().runtimeDir })
    .use(containers())
    .connect();

beforeAll(async () => {
  rootfs = join(await mkdtemp(join(tmpdir(), 'ctrd-rootfs-')), 'rootfs');
  await busyboxRootfs(rootfs);
  client = await connect();
});

afterAll(async () => {
  await client?.close();
  await rm(join(rootfs, '..'), { recursive: true, force: true });
});

const sh = (id: string, script: string, options: Partial<ContainerOptions> = {}) =>
  client.createContainer({ id, rootfs, args: ['sh', '-c', script], stdio: 'pipe', ...options });

describe('a container', () => {
  it('runs a program, gives its output and its exit code, and leaves nothing', async () => {
    const oracle = leakOracle(daemon(), namespace, { ids: ['hello'] });
    const before = await oracle.count();
    const job = await sh('hello', 'echo out; echo err >&2; exit 7');
    expect(job.pid).toBeGreaterThan(0);
    const [out, err] = await Promise.all([text(job.stdout), text(job.stderr ?? [])]);
    expect([out, err]).toEqual(['out\n', 'err\n']);
    const exit = await job.wait();
    expect(exit).toMatchObject({ containerId: 'hello', execId: '', exitCode: 7 });
    expect(await job.wait()).toBe(exit);
    expect(Date.now() - exit.exitedAt.getTime()).toBeLessThan(600_000);
    await job.destroy();
    await oracle.expectNothingLeft(before);
  });
});
