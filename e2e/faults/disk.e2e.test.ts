import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type ContainerOptions, containers, type ExitMessage } from '@ctrd/containers';
import { ctrd, type Failure, hasCode, Report } from '@ctrd/core';
import { images } from '@ctrd/images';
import { snapshots } from '@ctrd/snapshots';
import { expect, it } from 'vitest';
import {
  busyboxImage,
  busyboxName,
  file,
  importBusybox,
  leakOracle,
  namespaceOf,
  privateDaemon,
  type TestDaemon,
  testRegistry,
} from '../support/index.js';

const namespace = namespaceOf(import.meta.url);

async function connect({ address, runtimeDir }: TestDaemon) {
  const exits: ExitMessage[] = [];
  const failures: Failure[] = [];
  const client = await ctrd({ address, runtimeDir, namespace })
    .provide(Report, (failure) => void failures.push(failure))
    .use(images({ registry: { credentials: () => undefined, hostsFolders: [], proxy: false } }))
    .use(snapshots())
    .use(containers({ onExit: [(exit) => void exits.push(exit)] }))
    .connect();
  return { client, exits, failures };
}

/** Writes until there is no room any more; gives the file. */
async function filled(folder: string): Promise<string> {
  const filler = join(folder, 'filler');
  const full = { stderr: expect.stringMatching(/no space/i) };
  const fill = promisify(execFile)('sh', ['-c', 'cat /dev/zero > "$0"', filler]);
  await expect(fill).rejects.toMatchObject(full);
  return filler;
}

/** More than what is free, and nothing that compresses. */
const megabyte = Buffer.concat(
  Array.from({ length: 1 << 15 }, (_, n) => createHash('sha256').update(`${n}`).digest()),
);
const content = (ref: string) => ({
  ref,
  digest: `sha256:${createHash('sha256').update(megabyte).digest('hex')}`,
  async *source() {
    yield megabyte;
  },
});

it('the disk of the daemon and of the pipes is full: what needs room fails and leaves nothing, what runs goes on, and all is well when there is room', {
  timeout: 120_000,
}, async () => {
  await using daemon = await privateDaemon({ diskMb: 32 });
  await using registry = await testRegistry();
  const { manifest, config, layers } = await busyboxImage({ layers: [[file('big', megabyte)]] });
  registry.addManifest('box', manifest, '1');
  for (const { bytes } of [config, ...layers]) registry.addBlob(bytes);
  const remote = `${registry.host}/box:1`;
  await importBusybox(daemon, namespace);
  const oracle = leakOracle(daemon, namespace);
  const before = await oracle.count();
  const { client, exits, failures } = await connect(daemon);
  const options = (id: string, script: string): ContainerOptions => ({
    ...{ id, image: busyboxName, args: ['sh', '-c', script], stdio: 'pipe' },
  });
  const job = await client.createContainer(options('runs', 'read line; exit 9'));
  const filler = await filled(dirname(daemon.root));

  const storageFull = { code: 'storage-full' };
  await expect(client.pullImage(remote)).rejects.toMatchObject(storageFull);
  await expect(client.writeContent(content('full'))).rejects.toMatchObject(storageFull);
  // Neither needs much room: whether there is any is the file system's to say.
  for (const id of ['made-1', 'made-2']) {
    const made = client.createContainer(options(id, 'exit 3'));
    const exit = made.then((container) => container.wait());
    await exit.then(
      ({ exitCode }) => expect(exitCode).toBe(3),
      (error: unknown) => expect(error).toMatchObject(storageFull),
    );
    await client.destroyContainer(id).catch((error: unknown) => {
      if (!hasCode(error, 'not-found')) throw error;
    });
  }
  expect((await job.run({ args: ['echo', 'well'] })).stdout.toString()).toBe('well\n');
  job.stdin.end('now\n');
  expect(await job.wait()).toMatchObject({ exitCode: 9 });
  expect(exits.filter(({ containerId }) => containerId === 'runs')).toHaveLength(1);

  await rm(filler);
  await job.destroy();
  await client.pullImage(remote);
  const after = await client.createContainer({ ...options('after', 'exit 4'), image: remote });
  expect(await after.wait()).toMatchObject({ exitCode: 4 });
  await after.destroy();
  await client.removeImage(remote, { sync: true });
  await client.close();
  for (const { error } of failures) expect(error.message).toMatch(/no space/i);
  await oracle.expectNothingLeft(before);
});

it('the disk has no inode left, or takes no change any more: what needs one fails and leaves nothing, what runs goes on', {
  timeout: 120_000,
}, async () => {
  await using daemon = await privateDaemon({ diskMb: 64 });
  const disk = dirname(daemon.root);
  const mount = (...args: string[]) => promisify(execFile)('mount', [...args, disk]);
  await importBusybox(daemon, namespace);
  const oracle = leakOracle(daemon, namespace);
  const before = await oracle.count();
  const { client, failures } = await connect(daemon);
  const options = (id: string): ContainerOptions => ({
    ...{ id, image: busyboxName, args: ['cat'], stdio: 'pipe' },
  });
  const job = await client.createContainer(options('runs'));
  const lines = createInterface(job.stdout)[Symbol.asyncIterator]();
  const refused = async (error: object, id: string) => {
    await expect(client.createContainer(options(id))).rejects.toMatchObject(error);
    job.stdin.write(`${id}\n`);
    expect((await lines.next()).value).toBe(id);
  };

  const { files, ffree } = await statfs(disk);
  const running = await oracle.count();
  for (const spare of [0, 1, 2, 4]) {
    await mount('-o', `remount,nr_inodes=${files - ffree + spare}`);
    await refused({ code: 'storage-full' }, `inodes-${spare}`);
  }
  await mount('-o', 'remount,nr_inodes=0');
  await oracle.expectNothingLeft(running);

  // What containerd has open stays writable; it is the rest that it needs.
  await promisify(execFile)('mount', ['--bind', disk, disk]);
  await mount('-o', 'remount,bind,ro');
  await expect(client.writeContent(content('read-only'))).rejects.toMatchObject(readOnly);
  await refused(readOnly, 'read-only');
  await promisify(execFile)('umount', [disk]);

  const after = await client.createContainer(options('after'));
  for (const container of [job, after]) await container.destroy({ graceMs: 0 });
  await client.close();
  expect(failures).toEqual([]);
  await oracle.expectNothingLeft(before);
});

const readOnly = { code: 'failed-precondition', reason: 'read-only' };
