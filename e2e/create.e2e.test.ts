import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type DefaultClient, defaultClient } from '@ctrd/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxName,
  busyboxRootfs,
  daemon,
  importBusybox,
  leakOracle,
  namespaceOf,
  privateDaemon,
  type Remains,
  shims,
  waitFor,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
let folder: string;
let rootfs: string;
let client: DefaultClient;
let before: Remains;

function connect(): Promise<DefaultClient> {
  const { address, runtimeDir } = containerd;
  return defaultClient({ address, namespace, runtimeDir }).connect();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-create-'));
  rootfs = join(folder, 'rootfs');
  await busyboxRootfs(rootfs);
  client = await connect();
  await importBusybox(containerd, namespace);
  await client.unpackImage(busyboxName, { snapshotter: 'native' });
  before = await oracle.count();
});

afterAll(async () => {
  await oracle.expectNothingLeft(before, 10_000);
  await client.removeImage(busyboxName, { sync: true });
  await client.close();
  await rm(folder, { recursive: true, force: true });
});

const sleeps = { args: ['sleep', '600'] } as const;

describe('a root file system', () => {
  it('is a snapshot of the image, which goes with the container', async () => {
    const box = await client.createContainer({ id: 'image', image: busyboxName, ...sleeps });
    expect(await box.info()).toMatchObject({
      ...{ image: busyboxName, snapshotter: 'overlayfs', snapshotKey: 'image' },
      runtime: 'io.containerd.runc.v2',
    });
    expect((await box.run({ args: ['sh', '-c', 'echo $IMAGE'] })).stdout.toString()).toBe(
      'busybox\n',
    );
    await box.destroy({ graceMs: 0 });
    await expect(client.getSnapshot('image')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is of the snapshotter that is named', async () => {
    await using box = await client.createContainer({
      ...{ id: 'native', image: busyboxName, snapshotter: 'native', ...sleeps },
    });
    expect(await box.info()).toMatchObject({ snapshotter: 'native' });
    expect((await box.run({ args: ['true'] })).exitCode).toBe(0);
  });

  it('is a snapshot that is given, which stays with what was written to it', async () => {
    await client.createSnapshot('given', { image: busyboxName });
    for (const script of ['echo kept >/kept', 'cat /kept']) {
      const box = await client.createContainer({
        ...{ id: 'given', snapshot: 'given', args: ['sh', '-c', script], stdio: 'pipe' },
      });
      expect(await text(box.stdout)).toBe(script.startsWith('cat') ? 'kept\n' : '');
      await box.wait();
      await box.destroy();
    }
    expect(await client.getSnapshot('given')).toMatchObject({ kind: 'active' });
    await client.removeSnapshot('given');
  });

  it('is a folder that is given, which stays', async () => {
    const box = await client.createContainer({
      ...{ id: 'folder', rootfs, args: ['cat', '/etc/hostname'], stdio: 'pipe' },
    });
    expect(await text(box.stdout)).toBe('busybox\n');
    expect(await box.info()).toMatchObject({ image: '', snapshotKey: '' });
    await box.destroy();
  });

  it('must be there: nothing is made when it is not', async () => {
    const made = (options: object) => client.createContainer({ id: 'none', ...sleeps, ...options });
    await expect(made({ image: 'nowhere' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(made({ snapshot: 'nowhere' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(made({ image: busyboxName, snapshotter: 'nowhere' })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    await expect(client.getContainer('none')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a root file system that somebody of the host is in', () => {
  it('holds its container, which goes when that one has left', async () => {
    {
      await using first = await connect();
      await first.createContainer({ id: 'busy', image: busyboxName, ...sleeps });
    }
    const bundle = join(containerd.state, 'io.containerd.runtime.v2.task', namespace, 'busy');
    const cwd = join(bundle, 'rootfs');
    const inside = spawn('cat', { cwd, stdio: ['pipe', 'ignore', 'ignore'] });
    await once(inside, 'spawn');
    await expect(client.destroyContainer('busy', { graceMs: 0 })).rejects.toMatchObject({
      ...{ code: 'failed-precondition', reason: 'in-use' },
    });
    inside.kill();
    await once(inside, 'close');
    expect(await client.destroyContainer('busy')).toMatchObject({ exitCode: 137 });
    await oracle.expectNothingLeft(before, 10_000);
  });
});

describe('a record', () => {
  it('has labels and extensions, which can be changed, and filters that find it', async () => {
    const value = new TextEncoder().encode('{"a":1}');
    await using box = await client.createContainer({
      ...{ id: 'labelled', rootfs, ...sleeps },
      labels: { team: 'ci', 'example.com/stage': 'test' },
      extensions: { 'example.com/facts': { typeUrl: 'example.Facts', value } },
    });
    const info = await box.info();
    expect(info.labels).toMatchObject({ team: 'ci', 'example.com/stage': 'test' });
    expect(info.extensions).toEqual({ 'example.com/facts': { typeUrl: 'example.Facts', value } });

    const other = { typeUrl: 'example.Other', value: new Uint8Array([1]) };
    await client.updateContainer('labelled', {
      labels: { team: undefined, 'example.com/stage': 'live', added: 'yes' },
      extensions: { 'example.com/other': other },
    });
    const changed = await box.info();
    expect(changed.labels).toMatchObject({ 'example.com/stage': 'live', added: 'yes' });
    expect(changed.labels).not.toHaveProperty('team');
    expect(changed.extensions).toEqual({ ...info.extensions, 'example.com/other': other });
    expect(changed.updatedAt.getTime()).toBeGreaterThan(info.updatedAt.getTime());

    await using _unlabelled = await client.createContainer({ id: 'unlabelled', rootfs, ...sleeps });
    const found = async (...filters: string[]) =>
      (await client.listContainers({ filters })).map(({ id }) => id).sort();
    expect(await found()).toEqual(['labelled', 'unlabelled']);
    expect(await found('labels."example.com/stage"==live')).toEqual(['labelled']);
    expect(await found('id==unlabelled', 'labels.added')).toEqual(['labelled', 'unlabelled']);
    expect(await found('labels.team')).toEqual([]);
    await expect(found('id==')).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('is not changed by what cannot be', async () => {
    await expect(client.updateContainer('nobody', { labels: { a: 'b' } })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(client.updateContainer('nobody', {})).rejects.toMatchObject({
      ...{ code: 'invalid-argument', field: 'labels' },
    });
    const extensions = { x: { typeUrl: '', value: new Uint8Array() } };
    await expect(client.updateContainer('nobody', { extensions })).rejects.toMatchObject({
      ...{ code: 'invalid-argument', field: 'extensions.x.typeUrl' },
    });
  });
});

describe('limits', () => {
  it('change while it runs, and only those that are given', async () => {
    await using box = await client.createContainer({
      ...{ id: 'limited', rootfs, ...sleeps },
      limits: { memory: 64 << 20, pids: 40, cpus: 0.5 },
    });
    await box.update({ limits: { memory: 128 << 20 } });
    const stats = await box.stats();
    expect(stats.memory.limit).toBe(128n << 20n);
    expect(stats.pids.limit).toBe(40n);
    const spec = JSON.parse(await containerd.ctr('-n', namespace, 'c', 'info', 'limited')).Spec;
    expect(spec.linux.resources).toMatchObject({
      memory: { limit: 128 << 20 },
      pids: { limit: 40 },
      cpu: { quota: 50_000, period: 100_000 },
    });
  });

  it('show in the counts of what is used', async () => {
    await using box = await client.createContainer({ id: 'counted', rootfs, ...sleeps });
    const stats = await box.stats();
    expect(['v1', 'v2']).toContain(stats.cgroup);
    expect(stats.cpu.usage).toBeGreaterThan(0n);
    expect(stats.memory.usage).toBeGreaterThanOrEqual(stats.memory.workingSet);
    expect(stats.memory.oomKills).toBe(0n);
    // Which bytes a block device counts for whom is the kernel's affair.
    expect(stats.io).toEqual({ readBytes: expect.any(BigInt), writtenBytes: expect.any(BigInt) });
    expect(stats.pids.current).toBeGreaterThan(0n);
    expect(Math.abs(stats.at.getTime() - Date.now())).toBeLessThan(60_000);
  });
});

describe('a runtime that fails', () => {
  /** runc, but for one of its commands. */
  async function wrapper(command: string, instead: string): Promise<string> {
    const path = join(folder, `runc-${command}-${instead.split(' ')[0]}`);
    const script = [
      '#!/bin/sh',
      `for word in "$@"; do case "$word" in ${command}) ${instead};; esac; done`,
      'exec runc "$@"',
    ];
    await writeFile(path, `${script.join('\n')}\n`);
    await chmod(path, 0o755);
    return path;
  }

  it.each(['create', 'start'])('to %s a container leaves nothing of it', async (command) => {
    const binaryName = await wrapper(command, 'echo broken >&2; exit 7');
    for (const root of [{ rootfs }, { image: busyboxName }]) {
      const made = client.createContainer({
        ...{ id: 'broken', ...root, ...sleeps, runtime: { binaryName }, stdio: 'pipe' },
      });
      await expect(made).rejects.toMatchObject({ code: 'failed-precondition', reason: 'runtime' });
    }
    await oracle.expectNothingLeft(before, 10_000);
  });

  it.each(['create', 'start'])('is waited for when it %ss slowly, and undone', async (command) => {
    const binaryName = await wrapper(command, 'sleep 0.7');
    const made = client.createContainer({
      ...{ id: 'slow', image: busyboxName, ...sleeps, runtime: { binaryName }, stdio: 'pipe' },
      timeoutMs: 400,
    });
    await expect(made).rejects.toMatchObject({ code: 'timeout' });
    await oracle.expectNothingLeft(before, 10_000);
    // The id is free.
    await using _again = await client.createContainer({ id: 'slow', rootfs, ...sleeps });
  });

  it('to delete one is told, and the next attempt succeeds', async () => {
    const flag = join(folder, 'broken');
    await writeFile(flag, '');
    const binaryName = await wrapper('delete', `test -e ${flag} && exit 7`);
    const options = { id: 'stays', rootfs, ...sleeps, runtime: { binaryName } };
    const box = await client.createContainer(options);
    await box.kill({ kill: 'SIGKILL' });
    expect(await box.wait()).toMatchObject({ exitCode: 137 });
    await rm(flag);
    await client.destroyContainer('stays');
    await oracle.expectNothingLeft(before, 10_000);
  });
});

describe('a group', () => {
  it('shares one shim, which goes with the last of its containers', async () => {
    const group = { rootfs, ...sleeps, shimGroup: 'together' };
    const first = await client.createContainer({ id: 'group-1', ...group });
    const second = await client.createContainer({ id: 'group-2', ...group });
    const own = async () =>
      (await shims()).filter((shim) => shim.namespace === namespace).map(({ id }) => id);
    expect(await own()).toHaveLength(1);
    await first.destroy({ graceMs: 0 });
    expect(await second.run({ args: ['echo', 'still here'] })).toMatchObject({ exitCode: 0 });
    expect(await own()).toHaveLength(1);
    await second.destroy({ graceMs: 0 });
    await oracle.expectNothingLeft(before, 10_000);
  });
});

describe("an image's labels", () => {
  it("are its containers', but for those that programs act on", async () => {
    const at = new Date().toISOString();
    const base = await client.createContainer({ id: 'base', image: busyboxName, args: ['true'] });
    await base.wait();
    const evil = {
      ...{ 'ctrd/exit-code': '0', 'ctrd/exited-at': at, 'ctrd/owns-snapshot': 'false' },
      ...{ 'ctrd/log': '/etc/passwd', 'ctrd/log-path': '/etc/passwd' },
      'containerd.io/restart.status': 'running',
      'containerd.io/restart.loguri': 'binary:///bin/false',
      'io.kubernetes.pod.name': 'another',
    };
    const { name } = await client.commitImage('evil:1', {
      container: 'base',
      changes: { labels: { ...evil, team: 'ci' } },
    });
    await base.destroy();
    const box = await client.createContainer({ id: 'of-evil', image: name, ...sleeps });
    const { labels, exit, logPath } = await box.info();
    expect(labels).toMatchObject({ team: 'ci' });
    expect(Object.keys(labels).filter((label) => label in evil)).toEqual([]);
    expect({ exit, logPath }).toEqual({ exit: undefined, logPath: undefined });
    await expect(text(box.logs())).rejects.toMatchObject({ reason: 'no-log' });
    await expect(client.waitContainer('of-evil', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'timeout',
    });
    await box.destroy({ graceMs: 0 });
    await expect(client.getSnapshot('of-evil')).rejects.toMatchObject({ code: 'not-found' });
    await client.removeImage(name, { sync: true });
  });
});

describe('an id', () => {
  it('that is taken is told of the container, whatever it was to be made of', async () => {
    await using box = await client.createContainer({ id: 'id', image: busyboxName, ...sleeps });
    const taken = {
      ...{ code: 'already-exists', operation: 'createContainer', subject: 'id' },
      rawMessage: 'a container of this id exists',
    };
    for (const root of [{ image: busyboxName }, { rootfs }]) {
      const second = client.createContainer({ id: 'id', ...root, ...sleeps });
      await expect(second).rejects.toMatchObject(taken);
    }
    expect((await box.info()).status).toBe('running');
    expect((await box.run({ args: ['true'] })).exitCode).toBe(0);
  });

  it('whose snapshot is there without a container is told of the snapshot', async () => {
    await client.createSnapshot('left', { image: busyboxName });
    const making = client.createContainer({ id: 'left', image: busyboxName, ...sleeps });
    await expect(making).rejects.toMatchObject({
      code: 'already-exists',
      message: expect.stringContaining('snapshot'),
    });
    await client.removeSnapshot('left');
  });
});

describe('a restart policy', () => {
  it('is followed by the daemon until somebody stops the container', async () => {
    const plugin = {
      '1.6': 'io.containerd.internal.v1.restart',
      '1.7': 'io.containerd.internal.v1.restart',
      '2.1': 'io.containerd.monitor.container.v1.restart',
    }[containerd.line];
    await using own = await privateDaemon({
      config: `[plugins."${plugin}"]\ninterval = "500ms"\n`,
    });
    const { address, runtimeDir } = own;
    const space = `${namespace}-r`;
    await using other = await defaultClient({ address, namespace: space, runtimeDir }).connect();
    const log = join(folder, 'restarts.log');
    const uri = `file://${log}` as const;
    const box = await other.createContainer({
      ...{ id: 'again', rootfs, args: ['sh', '-c', 'echo started; sleep 600'] },
      stdio: { stdout: uri as `file:///${string}` },
      restart: { policy: 'always', log: uri as `file:///${string}` },
    });
    const later = await other.createContainer({
      ...{ id: 'later', rootfs, ...sleeps, start: false },
      restart: { policy: 'always' },
    });
    await box.kill({ kill: 'SIGKILL' });
    expect(await box.wait()).toMatchObject({ exitCode: 137 });
    const again = await waitFor(async () => {
      const info = await other.getContainer('again');
      return info.status === 'running' ? info : undefined;
    });
    expect(again.pid).not.toBe(box.pid);
    // Nor does the daemon start what nobody has started yet.
    expect(await later.info()).toMatchObject({ status: 'created', pid: later.pid });
    await later.start();
    expect(await later.info()).toMatchObject({
      ...{ status: 'running', pid: later.pid },
      labels: { 'containerd.io/restart.status': 'running' },
    });
    await later.destroy({ graceMs: 0 });
    const exit = await other.stopContainer('again', { graceMs: 0 });
    expect(exit.exitCode).toBe(137);
    expect(await other.getContainer('again')).toMatchObject({
      labels: { 'containerd.io/restart.status': 'stopped' },
    });
    await other.destroyContainer('again');
  });

  it('is refused, with nothing made, by a daemon whose monitor does not know it', async () => {
    const knows = { '1.6': false, '1.7': true, '2.1': true }[containerd.line];
    for (const policy of ['unless-stopped', 'on-failure', 'on-failure:3'] as const) {
      const making = client.createContainer({
        ...{ id: 'policy', image: busyboxName, ...sleeps, start: false },
        restart: { policy },
      });
      if (knows) {
        const box = await making;
        expect((await box.info()).labels).toMatchObject({ 'containerd.io/restart.policy': policy });
        await box.destroy({ graceMs: 0 });
      } else {
        await expect(making).rejects.toMatchObject({ code: 'unimplemented', field: 'restart' });
      }
      const gone = { code: 'not-found' };
      await expect(client.getContainer('policy')).rejects.toMatchObject(gone);
      await expect(client.getSnapshot('policy')).rejects.toMatchObject(gone);
    }
  });
});
