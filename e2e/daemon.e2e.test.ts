import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containers } from '@ctrd/containers';
import { ctrd } from '@ctrd/core';
import {
  type Daemon,
  type DaemonOptions,
  type DaemonState,
  embeddedDaemon,
  startDaemon,
} from '@ctrd/daemon';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { embedded, shared } from '../examples/daemon/main.js';
import {
  busyboxRootfs,
  containerdBinaries,
  isAlive,
  namespaceOf,
  shims,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
/** Starts and restarts share the machine with other tests. */
const patience = { startTimeoutMs: 120_000, stopTimeoutMs: 60_000 };
vi.setConfig({ testTimeout: 180_000 });
let folder: string;
let rootfs: string;
let root: string;
let programs: { containerd: string; path: readonly string[] };
let count = 0;

beforeAll(async () => {
  const { containerd, binDir } = await containerdBinaries(inject('line'));
  programs = { containerd, path: [binDir] };
  folder = await mkdtemp(join(tmpdir(), 'ctrd-d-'));
  // Temporary daemons of other tests are not this file's to find, nor its own theirs.
  vi.stubEnv('TMPDIR', folder);
  rootfs = join(folder, 'rootfs');
  await busyboxRootfs(rootfs);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  expect((await readdir(folder)).filter((name) => name.startsWith('ctrd-'))).toEqual([]);
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  expect(table.split('\n').filter((line) => line.includes(` ${folder}`))).toEqual([]);
  expect(await ownShims(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  count += 1;
  root = join(folder, `root-${count}`);
});

const start = (options: DaemonOptions = {}) =>
  startDaemon({ ...programs, ...patience, ...options });

const connect = (address: string) =>
  ctrd({ address, namespace, runtimeDir: join(folder, 'run') })
    .use(containers())
    .connect();

type Client = Awaited<ReturnType<typeof connect>>;

const sleeper = (client: Client, id: string) =>
  client.createContainer({ id, rootfs, args: ['sleep', '1000'], stdio: 'null' });

const ownShims = async (below: string) =>
  (await shims()).filter(({ address }) => address.startsWith(below));

/** Waits until a daemon is in a state, from before it gets there. */
function entering(daemon: Daemon, wanted: DaemonState): Promise<void> {
  return new Promise((resolve) => {
    const watch = daemon.watch((state) => {
      if (state !== wanted) return;
      watch[Symbol.dispose]();
      resolve();
    });
  });
}

async function expectGone(daemon: Daemon, pid: number): Promise<void> {
  await expect(access(daemon.root)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await isAlive(pid)).toBe(false);
  expect(await ownShims(daemon.root)).toEqual([]);
}

/** A program that starts a daemon, prints facts of it as JSON, and lives until it is killed. */
async function otherHost(
  options: DaemonOptions,
): Promise<{ pid: number; root: string } & AsyncDisposable> {
  const program = `
    import { startDaemon } from '@ctrd/daemon';
    const { pid, root } = await startDaemon(JSON.parse(process.argv.at(-1)));
    console.log(JSON.stringify({ pid, root }));
    setInterval(() => {}, 1000);
  `;
  const host = spawn(
    process.execPath,
    [
      ...['--conditions=@ctrd/source', '--import', 'tsx', '--input-type=module'],
      ...['--eval', program, '--', JSON.stringify({ ...programs, ...patience, ...options })],
    ],
    { cwd: join(import.meta.dirname, '..'), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(host, 'close');
  const [line] = await Promise.race([
    once(host.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('the other host ended'))),
  ]);
  return {
    ...JSON.parse(String(line)),
    async [Symbol.asyncDispose]() {
      host.kill('SIGKILL');
      await ended;
    },
  };
}

describe('a daemon in a temporary folder', () => {
  it('serves, and is gone with its containers when it is stopped', async () => {
    const daemon = await start();
    expect(daemon).toMatchObject({ state: 'serving', restarts: 0, takenOver: false });
    const { pid } = daemon;
    {
      await using client = await connect(daemon.address);
      const { version } = await client.version();
      expect(version).toContain((await containerdBinaries(inject('line'))).version);
      await sleeper(client, 'temporary');
      const paused = await sleeper(client, 'paused');
      await paused.pause();
    }
    expect(await ownShims(daemon.root)).toHaveLength(2);
    await Promise.all([daemon.stop(), daemon.stop()]);
    expect(daemon.state).toBe('stopped');
    await expectGone(daemon, pid);
  });

  it('is gone also when it cannot be asked any more', async () => {
    const daemon = await start({ restart: { limit: 0 } });
    const { pid } = daemon;
    {
      await using client = await connect(daemon.address);
      await sleeper(client, 'unreachable');
      const failed = entering(daemon, 'failed');
      process.kill(pid, 'SIGKILL');
      await failed;
    }
    expect(await ownShims(daemon.root)).toHaveLength(1);
    await daemon.stop();
    await expectGone(daemon, pid);
  });

  it('that a killed host left is removed by the next one', async () => {
    const host = await otherHost({});
    await host[Symbol.asyncDispose]();
    expect(await isAlive(host.pid)).toBe(true);
    await using _next = await start();
    expect(await isAlive(host.pid)).toBe(false);
    await expect(access(host.root)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a daemon in a given folder', () => {
  it('keeps its containers running and its data when it is stopped', async () => {
    const first = await start({ root });
    expect(first.root).toBe(root);
    {
      await using client = await connect(first.address);
      await sleeper(client, 'kept');
    }
    await first.stop();
    expect(await isAlive(first.pid)).toBe(false);
    expect(await ownShims(root)).toHaveLength(1);
    expect(await readFile(first.logPath, 'utf8')).toContain('containerd');

    await using second = await start({ root });
    expect(second.takenOver).toBe(false);
    await using client = await connect(second.address);
    const kept = await client.recoverContainer('kept');
    expect((await kept.info()).status).toBe('running');
    await kept.destroy({ graceMs: 0 });
    await waitFor(async () => (await ownShims(root)).length === 0);
  });

  it('is started again when it is killed, and clients find it', async () => {
    await using daemon = await start({ root });
    await using client = await connect(daemon.address);
    const job = await sleeper(client, 'restarted');
    const { pid } = daemon;
    const back = entering(daemon, 'serving');
    process.kill(pid, 'SIGKILL');
    await back;
    expect(daemon.pid).not.toBe(pid);
    expect(daemon).toMatchObject({ state: 'serving', restarts: 1 });
    const info = await waitFor(() => job.info(), { timeoutMs: 60_000 });
    expect(info.status).toBe('running');
    await job.destroy({ graceMs: 0 });
    await waitFor(async () => (await ownShims(root)).length === 0);
  });

  it('is given up after as many restarts as allowed', async () => {
    await using daemon = await start({ root, restart: { limit: 2, windowMs: 600_000 } });
    const states: DaemonState[] = [];
    using _watch = daemon.watch((state) => states.push(state));
    for (const next of ['serving', 'serving', 'failed'] as const) {
      const entered = entering(daemon, next);
      process.kill(daemon.pid, 'SIGKILL');
      await entered;
    }
    expect(states).toEqual([
      ...['restarting', 'serving', 'restarting', 'serving'],
      ...['restarting', 'failed'],
    ]);
    expect(daemon).toMatchObject({ state: 'failed', restarts: 2 });
    await expect(connect(daemon.address)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is taken over while it lives, by the next host', async () => {
    const host = await otherHost({ root });
    await host[Symbol.asyncDispose]();
    const config = join(root, 'containerd.toml');
    const { mtimeMs } = await stat(config);
    await using daemon = await start({ root });
    expect(daemon).toMatchObject({ takenOver: true, pid: host.pid, state: 'serving' });
    // It may just be reading it.
    expect(await stat(config)).toMatchObject({ mtimeMs });
    await using client = await connect(daemon.address);
    expect((await client.version()).version).not.toBe('');
    const back = entering(daemon, 'serving');
    process.kill(host.pid, 'SIGKILL');
    await back;
    expect(daemon.pid).not.toBe(host.pid);
  });

  it('is one for all who start it at once', async () => {
    const all = await Promise.all([start({ root }), start({ root }), start({ root })]);
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    expect(all.filter(({ takenOver }) => takenOver)).toHaveLength(2);
    await Promise.all(all.map((daemon) => daemon.stop()));
    await waitFor(async () => !(await readdir(root)).includes('containerd.pid'));
    expect(await isAlive(all[0]?.pid ?? 0)).toBe(false);
  });
});

describe('a daemon that cannot start', () => {
  it('tells the end of the log', async () => {
    await expect(start({ root, config: { version: 'not a number' } })).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'ended',
      operation: 'startDaemon',
      message: expect.stringContaining('exit code 1'),
    });
  });

  it('tells which program is missing', async () => {
    const containerd = join(folder, 'nothing/containerd');
    await expect(start({ root, containerd })).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'missing-program',
      subject: containerd,
      message: expect.stringContaining('apt-get install containerd'),
    });
  });

  it('is not a program, or another one', async () => {
    await expect(start({ root, containerd: folder })).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'cannot-start',
    });
    await expect(start({ root, containerd: '/bin/false' })).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'ended',
    });
  });

  it('does not serve in time, and is ended', async () => {
    await expect(start({ root, startTimeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    const starting = startDaemon({ ...programs, root }, { signal: controller.signal });
    controller.abort();
    await expect(starting).rejects.toMatchObject({ code: 'aborted' });
  });

  it('has a root that is a file', async () => {
    await writeFile(root, '');
    await expect(start({ root })).rejects.toMatchObject({ operation: 'startDaemon' });
  });
});

describe('a client with a daemon of its own', () => {
  it('is as in the example', async () => {
    const { version } = await containerdBinaries(inject('line'));
    const options = { ...programs, ...patience };
    expect(await shared(root, options)).toContain(version);
    expect(await embedded(options)).toMatch(` at ${folder}/ctrd-`);
  });

  it('starts it, uses it, and ends it', async () => {
    const client = await ctrd({ namespace, runtimeDir: join(folder, 'run') })
      .use(embeddedDaemon({ ...programs, ...patience }))
      .use(containers())
      .connect();
    const { daemon } = client;
    const { pid } = daemon;
    await sleeper(client, 'embedded');
    expect(daemon.state).toBe('serving');
    await client.close();
    expect(daemon.state).toBe('stopped');
    await expectGone(daemon, pid);
  });

  it('leaves nothing when it cannot be assembled', async () => {
    const connecting = ctrd({ namespace })
      .use(embeddedDaemon({ ...programs, ...patience, config: { version: 'no' } }))
      .connect();
    await expect(connecting).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(() => embeddedDaemon({ root: 'relative' })).toThrow(
      expect.objectContaining({ field: 'root' }),
    );
  });
});
