import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Container } from '@ctrd/containers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BusyboxClient,
  busyboxClient,
  criuPrograms,
  daemon,
  type LeakOracle,
  leakOracle,
  namespaceOf,
  type PrivateDaemon,
  privateDaemon,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
let folder: string;
let containerd: PrivateDaemon;
let busybox: BusyboxClient;
let oracle: LeakOracle;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-checkpoint-'));
  containerd = await privateDaemon({ programs: await criuPrograms() });
  busybox = await busyboxClient(containerd, namespace);
  oracle = leakOracle(containerd, namespace);
});

afterAll(async () => {
  await busybox?.[Symbol.asyncDispose]();
  await containerd?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Counts the lines that it reads: what it knows is in its memory alone. */
const counter = ['sh', '-c', 'i=0; while read line; do i=$((i+1)); echo "$i $line"; done; exit $i'];

async function say(container: Container, line: string): Promise<string> {
  const lines = createInterface(container.stdout)[Symbol.asyncIterator]();
  container.stdin.write(`${line}\n`);
  return (await lines.next()).value ?? '';
}

describe('a checkpoint', () => {
  it('ends a process, and another container goes on where that one was', async () => {
    const before = await oracle.count();
    const path = join(folder, 'ended');
    const first = await busybox.create('first', counter, { stdio: 'pipe' });
    expect(await say(first, 'one')).toBe('1 one');
    await first.checkpoint({ path, exit: true });
    expect(await first.wait()).toMatchObject({ exitCode: 137 });
    await first.destroy();
    // One state may be taken up more than once.
    for (const id of ['second', 'third']) {
      const next = await busybox.create(id, counter, { stdio: 'pipe', checkpoint: path });
      expect(next.pid).toBeGreaterThan(0);
      expect(await say(next, 'two')).toBe('2 two');
      next.stdin.end();
      expect(await next.wait()).toMatchObject({ exitCode: 2 });
      await next.destroy();
    }
    await oracle.expectNothingLeft(before);
  });

  it('leaves the process running when it is not told otherwise', async () => {
    const before = await oracle.count();
    const path = join(folder, 'running');
    const box = await busybox.create('running', counter, { stdio: 'pipe' });
    expect(await say(box, 'one')).toBe('1 one');
    await box.checkpoint({ path });
    expect(await box.info()).toMatchObject({ status: 'running' });
    box.stdin.end();
    expect(await box.wait()).toMatchObject({ exitCode: 1 });
    await box.destroy();
    await oracle.expectNothingLeft(before);
  });

  it('that is not there, or not whole, makes no container', async () => {
    const before = await oracle.count();
    const made = busybox.create('none', counter, { checkpoint: join(folder, 'none') });
    await expect(made).rejects.toMatchObject({ code: 'failed-precondition', reason: 'runtime' });
    await oracle.expectNothingLeft(before);
  });

  it('is only of what runs, and into a path', async () => {
    await using box = await busybox.create('ended', ['true']);
    await box.wait();
    await expect(box.checkpoint({ path: join(folder, 'x') })).rejects.toMatchObject({
      ...{ code: 'failed-precondition', reason: 'state' },
    });
    await expect(box.checkpoint({ path: 'x' })).rejects.toMatchObject({ field: 'path' });
    await expect(busybox.create('x', counter, { checkpoint: 'relative' })).rejects.toMatchObject({
      field: 'checkpoint',
    });
  });

  it('is told to be unimplemented where there is no CRIU', async () => {
    await using other = await busyboxClient(daemon(), namespace);
    await using box = await other.create('without', ['sleep', '600']);
    await expect(box.checkpoint({ path: join(folder, 'without') })).rejects.toMatchObject({
      ...{ code: 'unimplemented', reason: 'criu' },
    });
    expect(await box.info()).toMatchObject({ status: 'running' });
  });
});
