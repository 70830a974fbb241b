import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { LogsOptions } from '@ctrd/containers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BusyboxClient,
  busyboxClient,
  type ContainersClient,
  clientProgram,
  containersClient,
  daemon,
  leakOracle,
  namespaceOf,
  type Remains,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
let busybox: BusyboxClient;
let folder: string;
let before: Remains;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-logs-'));
  busybox = await busyboxClient(daemon(), namespace);
  before = await oracle.count();
});

afterAll(async () => {
  await oracle.expectNothingLeft(before);
  await busybox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const stdioOf = (id: string) => ({
  stdin: 'null' as const,
  stdout: `file://${join(folder, id)}` as `file:///${string}`,
});

const logsOf = (client: ContainersClient, id: string, options?: LogsOptions) =>
  text(client.containerLogs(id, options));

/** Writes ten lines, one at a time, once it is told to go. */
const tenLines =
  'echo begin; while ! test -e /tmp/$0; do sleep 0.05; done; ' +
  'for i in 0 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.02; done; exit 3';

describe('a log', () => {
  it('outlives the process, and the client that started it', async () => {
    await using first = clientProgram(daemon(), namespace, {
      body: 'await client.createContainer(args); console.log("made");',
      args: {
        ...{ id: 'detached', rootfs: busybox.rootfs, stdio: stdioOf('detached') },
        args: ['sh', '-c', 'sleep 1; echo out; echo err >&2; exit 4'],
      },
    });
    await once(first.process.stdout, 'data');
    await first.kill();
    const { client } = busybox;
    const followed = await logsOf(client, 'detached', { follow: true });
    expect(followed.split('\n').sort()).toEqual(['', 'err', 'out']);
    expect(await client.waitContainer('detached')).toMatchObject({ exitCode: 4 });
    expect(await logsOf(client, 'detached')).toBe(followed);
    await client.destroyContainer('detached');
  });

  it('of another program is read from the file that it keeps', async () => {
    const { client } = busybox;
    const path = join(folder, 'theirs.log');
    await writeFile(path, 'one\ntwo\n');
    await using _container = await busybox.create('theirs', ['sleep', '600']);
    expect(await logsOf(client, 'theirs', { path, tail: 1 })).toBe('two\n');
    const followed = logsOf(client, 'theirs', { path, follow: true });
    await appendFile(path, 'three\n');
    await client.stopContainer('theirs', { graceMs: 0 });
    expect(await followed).toBe('one\ntwo\nthree\n');
    await expect(logsOf(client, 'theirs', { path: 'relative' })).rejects.toMatchObject({
      ...{ code: 'invalid-argument', field: 'path' },
    });
  });

  it('is followed by several at once, each from where it wants', async () => {
    const job = await busybox.create('ten', ['sh', '-c', tenLines, 'go'], {
      stdio: stdioOf('ten'),
    });
    await using other = await containersClient(daemon(), namespace);
    const all = text(job.logs({ follow: true }));
    const late = logsOf(other, 'ten', { follow: true, tail: 0 });
    await job.run({ args: ['touch', '/tmp/go'] });
    const lines = Array.from({ length: 10 }, (_, index) => `${index}\n`).join('');
    expect(await all).toBe(`begin\n${lines}`);
    expect([lines, `begin\n${lines}`]).toContain(await late);
    expect(await job.wait()).toMatchObject({ exitCode: 3 });
    expect(await logsOf(other, 'ten', { tail: 2 })).toBe('8\n9\n');
    // The file is the caller's, and stays; the record that leads to it goes.
    await job.destroy();
    await expect(logsOf(other, 'ten')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is left by an abort and by a reader who goes, and the container runs on', async () => {
    await using job = await busybox.create('endless', ['sh', '-c', 'echo begin; sleep 600'], {
      stdio: stdioOf('endless'),
    });
    for await (const chunk of job.logs({ follow: true })) {
      expect(String(chunk)).toBe('begin\n');
      break;
    }
    await expect(text(job.logs({ follow: true, timeoutMs: 200 }))).rejects.toMatchObject({
      code: 'timeout',
    });
    expect(await job.info()).toMatchObject({ status: 'running' });
  });

  it('ends when the container is removed while it is followed', async () => {
    const job = await busybox.create('removed', ['sh', '-c', 'echo begin; sleep 600'], {
      stdio: stdioOf('removed'),
    });
    let said = '';
    const followed = (async () => {
      for await (const chunk of job.logs({ follow: true })) said += chunk;
    })();
    await waitFor(() => said === 'begin\n');
    await job.destroy({ graceMs: 0 });
    await followed;
  });

  it('is refused of a container that has none, and for options that cannot be', async () => {
    await using _job = await busybox.create('silent', ['sleep', '600']);
    const { client } = busybox;
    await expect(logsOf(client, 'silent')).rejects.toMatchObject({
      ...{ code: 'failed-precondition', reason: 'no-log', subject: 'silent' },
    });
    await expect(logsOf(client, 'nobody')).rejects.toMatchObject({ code: 'not-found' });
    await expect(logsOf(client, 'silent', { tail: -1 })).rejects.toMatchObject({ field: 'tail' });
  });
});
