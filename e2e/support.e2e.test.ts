import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  daemon,
  dockerArchive,
  file,
  importBusybox,
  isAlive,
  leakOracle,
  namespaceOf,
  ociArchive,
  type PrivateDaemon,
  privateDaemon,
  shims,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);

describe('the daemon of a line', () => {
  it('serves its own version and runs a container', async () => {
    const { ctr, line, version } = daemon();
    expect(version.startsWith(line)).toBe(true);
    const image = await importBusybox(daemon(), namespace);
    const oracle = leakOracle(daemon(), namespace, { ids: ['one'] });
    const before = await oracle.count();
    const output = await ctr('-n', namespace, 'run', '--rm', image, 'one', 'id', '-u');
    expect(output.trim()).toBe('0');
    await oracle.expectNothingLeft(before);
  });

  it('reads both forms of the archive as the same image', async () => {
    const { ctr, folder } = daemon();
    const path = join(folder, 'archive.tar');
    const image = await busyboxImage({ user: 'app', layers: [[file('etc/extra', 'more')]] });
    for (const [form, name] of [
      [ociArchive, 'docker.io/library/form:oci'],
      [dockerArchive, 'docker.io/library/form:docker'],
    ] as const) {
      await writeFile(path, await form(image, name));
      await ctr('-n', namespace, 'images', 'import', path);
      const command = ['sh', '-c', 'id -un; id -G; cat /etc/extra'];
      const output = await ctr('-n', namespace, 'run', '--rm', name, 'form', ...command);
      expect(output).toMatch(/^app\n1000\b.*\nmore$/);
    }
  });
});

describe('a private daemon', () => {
  let own: PrivateDaemon;
  const ns = `${namespace}-own`;

  beforeAll(async () => {
    own = await privateDaemon();
    await importBusybox(own, ns);
  });
  afterAll(() => own[Symbol.asyncDispose]());

  it('leaves its containers alone when it is killed, and knows them when it is back', async () => {
    const oracle = leakOracle(own, ns, { ids: ['two'] });
    const before = await oracle.count();
    const image = 'docker.io/library/busybox:e2e';
    const detached = ['run', '--detach', '--fifo-dir', join(own.folder, 'fifo')];
    await own.ctr('-n', ns, ...detached, image, 'two', 'sleep', '1000');
    const [shim] = (await shims()).filter(({ namespace: of }) => of === ns);
    await own.restart();
    expect(shim?.id).toBe('two');
    expect(await isAlive(shim?.pid ?? 0)).toBe(true);
    expect(await own.ctr('-n', ns, 'tasks', 'ls')).toMatch(/two\s+\d+\s+RUNNING/);
    await expect(oracle.expectNothingLeft(before, 1)).rejects.toThrow(/task two/);
    await own.ctr('-n', ns, 'tasks', 'kill', '--signal', 'SIGKILL', 'two');
    await waitFor(async () => /two\s+\d+\s+STOPPED/.test(await own.ctr('-n', ns, 'tasks', 'ls')));
    await own.ctr('-n', ns, 'tasks', 'delete', 'two');
    await own.ctr('-n', ns, 'containers', 'delete', 'two');
    await oracle.expectNothingLeft(before);
  });

  it('is removed with all that still runs on it', async () => {
    const other = await privateDaemon();
    const image = await importBusybox(other, `${ns}2`);
    const detached = ['run', '--detach', '--fifo-dir', join(other.folder, 'fifo')];
    await other.ctr('-n', `${ns}2`, ...detached, image, 'three', 'sleep', '1000');
    await other[Symbol.asyncDispose]();
    await waitFor(async () => (await shims()).every(({ address }) => address !== other.address));
    expect(await isAlive(other.pid)).toBe(false);
  });
});
