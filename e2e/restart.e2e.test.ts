import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ExitMessage } from '@ctrd/containers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BusyboxClient,
  busyboxClient,
  containersClient,
  daemon,
  leakOracle,
  namespaceOf,
  type Remains,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
let busybox: BusyboxClient;
let before: Remains;
let folder: string;

beforeAll(async () => {
  busybox = await busyboxClient(daemon(), namespace);
  folder = await mkdtemp(join(tmpdir(), 'ctrd-restart-'));
  before = await oracle.count();
});

afterAll(async () => {
  await oracle.expectNothingLeft(before);
  await busybox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const state = { code: 'failed-precondition', reason: 'state' };

describe('a container that has ended', () => {
  it('is started again, with new streams and a further exit', async () => {
    const told: number[] = [];
    using _hook = busybox.client.setExitHooks(({ containerId, exitCode }: ExitMessage) => {
      if (containerId === 'again') told.push(exitCode);
    });
    const script = 'read line; echo "heard $line"; test "$line" = three && exit 5; exit 3';
    const args = ['sh', '-c', script];
    const first = await busybox.create('again', args, { stdio: 'pipe' });
    first.stdin.end('one\n');
    expect(await text(first.stdout)).toBe('heard one\n');
    expect(await first.wait()).toMatchObject({ exitCode: 3 });

    await using second = await first.start();
    expect(await second.info()).toMatchObject({
      status: 'running',
      pid: second.pid,
      exit: undefined,
    });
    await expect(first.start()).rejects.toMatchObject(state);
    second.stdin.end('three\n');
    expect(await text(second.stdout)).toBe('heard three\n');
    expect(await second.wait()).toMatchObject({ exitCode: 5 });
    expect((await second.info()).exit).toMatchObject({ exitCode: 5 });
    expect(told).toEqual([3, 5]);
  });

  it('goes on with its log, or with what the start says', async () => {
    const path = join(folder, 'log');
    const args = ['sh', '-c', 'echo said'];
    const stdout = `file://${path}` as `file:///${string}`;
    await using container = await busybox.create('logged', args, { stdio: { stdout } });
    await container.wait();
    await (await container.start()).wait();
    expect(await readFile(path, 'utf8')).toBe('said\nsaid\n');
    const shown = await container.start({ stdio: { stdout: 'pipe' } });
    expect(await text(shown.stdout)).toBe('said\n');
    await shown.wait();
    expect(await text(container.logs())).toBe('said\nsaid\n');
  });

  it('is started by another client, and its first one hears of the new end', async () => {
    await using container = await busybox.create('shared', ['sleep', '600']);
    const first = await container.stop({ graceMs: 0 });
    expect(first).toMatchObject({ exitCode: 137 });
    const other = await containersClient(daemon(), namespace);
    await other.startContainer('shared');
    const waiting = container.wait();
    await container.kill({ kill: 'SIGKILL' });
    const second = await waiting;
    expect(second).toMatchObject({ exitCode: 137 });
    expect(second.exitedAt.getTime()).toBeGreaterThan(first.exitedAt.getTime());
    expect(await other.waitContainer('shared')).toEqual(second);
    await other.close();
  });

  it('keeps its exit when it cannot be started', async () => {
    await using container = await busybox.create('broken', ['sh', '-c', 'exit 4']);
    await container.wait();
    const record = await container.info();
    const left = await oracle.count();
    const call = container.start({ stdio: { stdout: 'binary:///no/such/program' } });
    await expect(call).rejects.toMatchObject({ operation: 'startContainer', subject: 'broken' });
    expect(await container.info()).toEqual({ ...record, updatedAt: expect.any(Date) });
    await oracle.expectNothingLeft(left);
    expect(await (await container.start()).wait()).toMatchObject({ exitCode: 4 });
  });

  it('is not started by a handler of its exit, but after that', async () => {
    const answers: unknown[] = [];
    using _hook = busybox.client.setExitHooks(async ({ containerId }) => {
      if (containerId === 'handler' && answers.length === 0) {
        answers.push(await busybox.client.startContainer(containerId).catch((error) => error));
      }
    });
    await using container = await busybox.create('handler', ['true']);
    await container.wait();
    expect(answers).toMatchObject([state]);
    expect(await (await container.start()).wait()).toMatchObject({ exitCode: 0 });
  });
});
