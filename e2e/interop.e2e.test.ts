import { type DefaultClient, defaultClient } from '@ctrd/client';
import { ownerLabel } from '@ctrd/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxName, daemon, importBusybox, leakOracle, namespaceOf } from './support/index.js';

/** `ctr` and this library, side by side on the same daemon. */
const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
let client: DefaultClient;

const ctr = (...args: string[]) => containerd.ctr('--namespace', namespace, ...args);

beforeAll(async () => {
  const { address, runtimeDir } = containerd;
  client = await defaultClient({ address, namespace, runtimeDir }).connect();
  await importBusybox(containerd, namespace);
});

afterAll(async () => {
  await client.removeImage(busyboxName, { sync: true });
  await client.close();
});

/** What `ctr` prints of a container, as far as it does not differ from one to the next. */
async function infoOf(id: string): Promise<Record<string, unknown>> {
  const text = (await ctr('containers', 'info', id)).replaceAll(id, 'ID');
  const { CreatedAt, UpdatedAt, Labels, Spec, ...info } = JSON.parse(text);
  for (const time of [CreatedAt, UpdatedAt]) expect(Date.parse(time)).toBeGreaterThan(0);
  const { [ownerLabel]: _owner, 'ctrd/creation': _creation, ...labels } = Labels;
  const { process, root, hostname, linux, annotations } = Spec;
  return {
    ...info,
    labels,
    // The whole of the spec is compared elsewhere; here what these options set.
    spec: {
      ...{ root, hostname, annotations, namespaces: linux.namespaces },
      ...{ cgroup: linux.cgroupsPath, memory: linux.resources.memory, cpu: linux.resources.cpu },
      ...{ args: process.args, env: process.env, cwd: process.cwd, user: process.user },
    },
  };
}

/** The row of a task without its process id. */
async function taskOf(id: string): Promise<string[] | undefined> {
  const rows = (await ctr('tasks', 'ls')).split('\n').map((row) => row.split(/\s+/));
  const row = rows.find(([name]) => name === id);
  expect(Number(row?.[1])).toBeGreaterThan(0);
  return row?.slice(2);
}

describe("ctr's view of a container of ours", () => {
  it.each([
    ['of an image', [], {}],
    [
      'with labels, environment, folder, annotations and limits',
      [
        ...['--label', 'team=ci', '--env', 'A=B', '--cwd', '/tmp', '--annotation', 'x=y'],
        ...['--memory-limit', '67108864', '--cpu-quota', '50000', '--cpu-period', '100000'],
      ],
      {
        // ctr makes an annotation of each label as well.
        ...{ labels: { team: 'ci' }, annotations: { team: 'ci', x: 'y' } },
        ...{ env: { A: 'B' }, cwd: '/tmp' },
        limits: { memory: 67_108_864, cpus: 0.5 },
      },
    ],
    [
      'with a runc of its own and another snapshotter',
      ['--runc-binary', 'runc', '--snapshotter', 'native'],
      { runtime: { binaryName: 'runc' }, snapshotter: 'native' },
    ],
  ] as const)('is the same as of its own, %s', async (_name, flags, options) => {
    const args = ['sleep', '600'];
    // What ctr gives a container that is not told otherwise.
    const resources = { cpu: { shares: 1024 } };
    await ctr('run', '--detach', ...flags, busyboxName, 'theirs', ...args);
    await using _theirs = await client.recoverContainer('theirs');
    await using ours = await client.createContainer({
      ...{ id: 'ours-1', image: busyboxName, args, resources, ...options },
    });
    expect(await infoOf('ours-1')).toEqual(await infoOf('theirs'));
    expect(await taskOf('ours-1')).toEqual(await taskOf('theirs'));
    await ours.pause();
    await ctr('tasks', 'pause', 'theirs');
    expect(await taskOf('ours-1')).toEqual(await taskOf('theirs'));
  });
});

describe('a container that ctr made', () => {
  it('is seen, entered, waited for and destroyed, and leaves nothing', async () => {
    const before = await oracle.count();
    const script = 'trap "exit 4" USR1; while :; do sleep 0.05; done';
    await ctr('run', '--detach', '--env', 'A=B', busyboxName, 'theirs', 'sh', '-c', script);
    expect(await client.listContainers({ filters: ['id==theirs'] })).toMatchObject([
      { id: 'theirs', image: busyboxName, status: 'running' },
    ]);
    const { stdout, exitCode } = await client.runInContainer('theirs', {
      args: ['sh', '-c', 'echo $A; exit 3'],
    });
    expect([stdout.toString(), exitCode]).toEqual(['B\n', 3]);
    expect((await client.containerStats('theirs')).pids.current).toBeGreaterThan(0n);
    await client.pauseContainer('theirs');
    expect(await client.getContainer('theirs')).toMatchObject({ status: 'paused' });
    await client.unpauseContainer('theirs');
    const waiting = client.waitContainer('theirs');
    await client.killContainer('theirs', { kill: 'SIGUSR1' });
    expect(await waiting).toMatchObject({ exitCode: 4 });
    expect(await client.destroyContainer('theirs')).toMatchObject({ exitCode: 4 });
    await oracle.expectNothingLeft(before);
  });

  it('is destroyed while it runs', async () => {
    const before = await oracle.count();
    await ctr('run', '--detach', busyboxName, 'theirs', 'sleep', '600');
    expect(await client.destroyContainer('theirs', { graceMs: 0 })).toMatchObject({
      exitCode: 137,
    });
    await oracle.expectNothingLeft(before);
  });

  it('without a task is started, and removed', async () => {
    const before = await oracle.count();
    await ctr('containers', 'create', busyboxName, 'theirs', 'sleep', '600');
    await client.startContainer('theirs');
    expect(await ctr('tasks', 'ls')).toMatch(/theirs\s+\d+\s+RUNNING/);
    expect(await client.destroyContainer('theirs', { graceMs: 0 })).toMatchObject({
      exitCode: 137,
    });
    await oracle.expectNothingLeft(before);
  });
});

describe('a container of ours', () => {
  it('is entered, paused and killed by ctr, and we learn of its end', async () => {
    const before = await oracle.count();
    const job = await client.createContainer({
      ...{ id: 'ours', image: busyboxName, args: ['sleep', '600'] },
    });
    expect(await ctr('tasks', 'exec', '--exec-id', 'theirs', 'ours', 'echo', 'hello')).toBe(
      'hello\n',
    );
    await ctr('tasks', 'kill', '--signal', 'SIGKILL', 'ours');
    expect(await job.wait()).toMatchObject({ exitCode: 137 });
    await job.destroy();
    await oracle.expectNothingLeft(before);
  });
});
