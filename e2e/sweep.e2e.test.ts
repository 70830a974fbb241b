import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containers } from '@ctrd/containers';
import { ctrd, type Finding } from '@ctrd/core';
import { images } from '@ctrd/images';
import { snapshots } from '@ctrd/snapshots';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxName,
  daemon,
  importBusybox,
  isAlive,
  leakOracle,
  namespaceOf,
  privateDaemon,
  type Remains,
  shims,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
let runtimeDir: string;
let client: Awaited<ReturnType<typeof connect>>;
let before: Remains;
let host: ChildProcess;

const connect = (address = containerd.address) =>
  ctrd({ address, namespace, runtimeDir })
    .use(images())
    .use(snapshots())
    .use(containers())
    .connect();

/** A host that makes one of everything, and is killed. */
const program = `
  import { containers } from '@ctrd/containers';
  import { ctrd } from '@ctrd/core';
  import { images } from '@ctrd/images';
  import { snapshots } from '@ctrd/snapshots';
  const [address, namespace, runtimeDir, image] = process.argv.slice(-4);
  const client = await ctrd({ address, namespace, runtimeDir })
    .use(images()).use(snapshots()).use(containers()).connect();
  const made = { image, stdio: 'pipe' };
  await client.createContainer({ id: 'created', ...made, args: ['true'], start: false });
  await client.createContainer({ id: 'running', ...made, args: ['sleep', '1000'] });
  await client.createContainer({ id: 'removed', image, args: ['sleep', '1000'] });
  const ended = await client.createContainer({ id: 'ended', ...made, args: ['true'] });
  await ended.wait();
  await client.createSnapshot('draft');
  await client.createSnapshot('kept', { owned: false });
  const mount = await client.mountSnapshot('draft');
  const lease = await client.holdLease();
  client.writeContent({
    ref: 'broken-off', lease: lease.id, digest: 'sha256:' + '0'.repeat(64),
    async *source() {
      yield Buffer.alloc(1 << 20);
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    },
    onOffset: (offset) => { if (offset > 0) console.log(mount.path + ' ' + lease.id); },
  });
`;

beforeAll(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-sweep-'));
  client = await connect();
  await importBusybox(containerd, namespace);
  before = await oracle.count();
});
afterAll(async () => {
  host?.kill('SIGKILL');
  await client.close();
  await rm(join(runtimeDir, 'mounts'), { recursive: true, force: true });
  await rm(runtimeDir, { recursive: true });
});

const listed = (findings: readonly Finding[], state: Finding['ownerState']) =>
  findings
    .filter(({ ownerState }) => ownerState === state)
    .map(({ kind, id }) => `${kind} ${id}`)
    .sort();

async function startHost(): Promise<{ mount: string; lease: string }> {
  const args = ['--conditions=@ctrd/source', '--import', 'tsx', '--input-type=module'];
  const given = [containerd.address, namespace, runtimeDir, busyboxName];
  host = spawn(process.execPath, [...args, '--eval', program, '--', ...given], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(host.stdout ?? host, 'data');
  const [mount = '', lease = ''] = String(line).trim().split(' ');
  return { mount, lease };
}

describe('what a host leaves behind', () => {
  it('is told by doctor() and removed by sweep() when it is dead, and nothing else is', async () => {
    // Mine, and somebody else's.
    const mine = await client.createContainer({
      ...{ id: 'mine', image: busyboxName, args: ['sleep', '1000'], stdio: 'pipe' },
    });
    await client.createContainer({ id: 'mine-2', image: busyboxName, start: false });
    await client.createSnapshot('mine-3');
    await using lease = await client.holdLease();
    await using mount = await client.mountSnapshot('mine-3');
    const ctr = (...args: string[]) => containerd.ctr('--namespace', namespace, ...args);
    await ctr('containers', 'create', busyboxName, 'theirs', 'true');
    await ctr('snapshots', 'prepare', 'theirs-2');

    // Its owner has said that it shall stay.
    const theirs = ['container theirs', 'snapshot overlayfs kept', 'snapshot overlayfs theirs-2'];
    const left = await startHost();
    const during = await client.doctor();
    expect(during.problems).toEqual([]);
    expect(listed(during.findings, 'dead')).toEqual([]);
    expect(listed(during.findings, 'none')).toEqual(theirs);

    host.kill('SIGKILL');
    await once(host, 'close');
    await ctr('tasks', 'delete', '--force', 'removed');
    await ctr('containers', 'delete', 'removed');
    const after = await client.doctor();
    const dead = listed(after.findings, 'dead');
    const pipes = dead.filter((line) => line.startsWith('pipes '));
    const leases = dead.filter((line) => line.startsWith('lease '));
    expect(leases).toContain(`lease ${left.lease}`);
    expect(dead.filter((line) => !line.startsWith('pipes ') && !line.startsWith('lease '))).toEqual(
      [
        'container ended',
        'exit removed',
        'ingest broken-off',
        `mount ${left.mount}`,
        'snapshot overlayfs draft',
        'task created',
      ],
    );
    for (const { owner, since } of after.findings.filter((f) => f.ownerState === 'dead')) {
      expect(owner).toMatch(/^[0-9a-f]+-\d+-\d+-\d+-/);
      expect(since?.getTime()).toBeGreaterThan(Date.now() - 600_000);
    }

    const dry = await client.sweep({ dryRun: true });
    expect(listed(dry.removed, 'dead')).toEqual(dead);
    expect(listed((await client.doctor()).findings, 'dead')).toEqual(dead);

    const swept = await client.sweep();
    expect(swept.problems).toEqual([]);
    expect(listed(swept.removed, 'dead')).toEqual(dead);
    expect(listed(swept.kept, 'none')).toEqual(theirs);
    // The pipes of the tasks that were swept are nobody's now; those of the running one are its shim's.
    await client.sweep();
    const rest = await client.doctor();
    expect(listed(rest.findings, 'dead')).toEqual([]);
    expect(pipes.length).toBeLessThanOrEqual(1);

    expect((await client.getContainer('running')).status).toBe('running');
    expect((await client.getContainer('mine-2')).status).toBe('created');
    expect((await mine.run({ args: ['echo', 'alive'] })).stdout.toString()).toBe('alive\n');
    expect((await client.listLeases()).map(({ id }) => id)).toContain(lease.id);
    expect(await client.listIngests()).toEqual([]);
    for (const key of ['mine-3', 'kept', 'theirs-2']) await client.getSnapshot(key);
    expect(mount.path).toContain(runtimeDir);
    expect(await ctr('containers', 'list', '-q')).toContain('theirs');

    // What names no owner goes when it is asked for, and not before it has some age.
    expect((await client.sweep({ unowned: true })).removed).toEqual([]);
    const asked = await client.sweep({ unowned: true, olderThanMs: 0 });
    expect(asked.problems).toEqual([]);
    expect(listed(asked.removed, 'none')).toEqual(theirs);

    await mount[Symbol.asyncDispose]();
    for (const id of ['running', 'mine', 'mine-2'])
      await client.destroyContainer(id, { graceMs: 0 });
    await client.removeSnapshot('mine-3');
    await lease[Symbol.asyncDispose]();
    await client.sweep();
    await client.deleteLease(await client.createLease(), { sync: true });
    await oracle.expectNothingLeft(before);
  });

  it('may be a shim that the daemon has forgotten', async () => {
    await using own = await privateDaemon();
    const forgotten = await connect(own.address);
    await importBusybox(own, namespace);
    const { pid } = await forgotten.createContainer({
      ...{ id: 'forgotten', image: busyboxName, args: ['sleep', '1000'] },
    });
    await forgotten.close();
    await own.kill();
    const bundle = join(own.state, 'io.containerd.runtime.v2.task', namespace, 'forgotten');
    await rename(bundle, join(own.folder, 'moved'));
    await own.start();
    // The runtime writes its log there.
    await mkdir(bundle);
    await own.ctr('--namespace', namespace, 'containers', 'delete', '--keep-snapshot', 'forgotten');
    await using again = await connect(own.address);
    const { findings } = await again.doctor();
    const [shim] = findings.filter(({ kind }) => kind === 'shim');
    expect(shim).toMatchObject({ ownerState: 'none', why: 'the daemon does not know it' });
    expect(await isAlive(pid)).toBe(true);

    expect((await again.sweep()).removed).toEqual([]);
    const swept = await again.sweep({ kinds: ['shim'], unowned: true, olderThanMs: 0 });
    expect(swept).toMatchObject({ removed: [{ kind: 'shim' }], problems: [] });
    expect(await isAlive(pid)).toBe(false);
    expect((await shims()).filter(({ address }) => address === own.address)).toEqual([]);
  });
});
