import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { type SnapshotAPIClient, type SnapshotTree, snapshots } from '@ctrd/snapshots';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greeted } from '../examples/snapshots/main.js';
import {
  busyboxName,
  daemon,
  importBusybox,
  leakOracle,
  namespaceOf,
  waitFor,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace, { ids: ['user'] });
/** The methods that were called on the daemon. */
const sent: string[] = [];
let runtimeDir: string;
let client: Awaited<ReturnType<typeof connect>>;

const connect = () =>
  ctrd({ address: containerd.address, namespace, runtimeDir })
    .use(snapshots())
    .use(images())
    .intercept({
      unary: (call, next) => {
        sent.push(call.method.name);
        return next(call);
      },
      stream: (call, next) => {
        sent.push(call.method.name);
        return next(call);
      },
    })
    .connect();

beforeAll(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-snapshots-'));
  client = await connect();
  await importBusybox(containerd, namespace);
});

afterAll(async () => {
  await client?.close();
  await rm(join(runtimeDir, 'mounts'), { recursive: true, force: true });
  await rm(runtimeDir, { recursive: true });
});

/** Makes a committed snapshot with one file in it. */
async function commit(name: string, file: string, parent?: string): Promise<void> {
  await client.createSnapshot(`${name}-draft`, { parent });
  await client.withMounts(`${name}-draft`, (path) => writeFile(join(path, file), name));
  await client.commitSnapshot(`${name}-draft`, { name });
}

async function keys(options?: Parameters<typeof client.walkSnapshots>[0]): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of client.walkSnapshots(options)) found.push(key);
  return found.sort();
}

/** The folders that a sweep unmounts. */
async function sweptMounts(): Promise<string[]> {
  const { removed, problems } = await client.sweep({ kinds: ['mount'] });
  expect(problems).toEqual([]);
  return removed.map(({ id }) => id);
}

const ctrSnapshots = (...args: string[]) =>
  containerd.ctr('--namespace', namespace, 'snapshots', ...args);

describe('snapshots', () => {
  it('are made, inspected, committed, stood on and removed, and nothing is left', async () => {
    const api: SnapshotAPIClient = client;
    const before = await oracle.count();
    const start = Date.now();
    const made = await api.createSnapshot('draft', { labels: { stage: 'one' } });
    expect(made).toMatchObject({ key: 'draft', snapshotter: 'overlayfs' });
    expect(await api.getMounts('draft')).toEqual(made.mounts);
    const info = await api.getSnapshot('draft');
    expect(info).toMatchObject({
      key: 'draft',
      parent: '',
      kind: 'active',
      snapshotter: 'overlayfs',
      labels: { stage: 'one' },
    });
    // The clocks are the same machine's; a minute is for one that is being set.
    expect(info.createdAt.getTime()).toBeGreaterThan(start - 60_000);
    await api.commitSnapshot('draft', { name: 'base', labels: { stage: 'two' } });
    await expect(api.getSnapshot('draft')).rejects.toMatchObject({ code: 'not-found' });
    expect(await api.getSnapshot('base')).toMatchObject({
      kind: 'committed',
      labels: { stage: 'two' },
    });
    await api.viewSnapshot('look', { parent: 'base' });
    expect(await api.getSnapshot('look')).toMatchObject({ kind: 'view', parent: 'base' });
    await expect(api.removeSnapshot('base')).rejects.toMatchObject({ code: 'failed-precondition' });
    await api.removeSnapshot('look');
    await api.removeSnapshot('base');
    await oracle.expectNothingLeft(before);
  });

  it('stand on an image, which is unpacked when it is not yet', async () => {
    const before = await oracle.count();
    const options = { image: busyboxName, snapshotter: 'native' };
    await client.createSnapshot('native-1', options);
    await client.viewSnapshot('native-2', options);
    const { parent } = await client.getSnapshot('native-1', options);
    expect(parent).toMatch(/^sha256:/);
    expect(await client.getSnapshot('native-2', options)).toMatchObject({ parent, kind: 'view' });
    const names = await client.withMounts('native-2', (path) => readdir(join(path, 'bin')), {
      snapshotter: 'native',
    });
    expect(names).toContain('busybox');
    await client.removeSnapshot('native-1', options);
    await client.removeSnapshot('native-2', options);
    await client.removeSnapshot(parent, options);
    await oracle.expectNothingLeft(before);
  });

  it('are changed and read as in the example', async () => {
    const before = await oracle.count();
    const options = { address: containerd.address, namespace, runtimeDir };
    expect(await greeted(busyboxName, options)).toBe('hello');
    await oracle.expectNothingLeft(before);
  });

  it('outlive a garbage collection without a lease, and go with the lease they have', async () => {
    const before = await oracle.count();
    const lease = await client.createLease();
    await client.createSnapshot('leased', { lease });
    await client.createSnapshot('rooted');
    await client.deleteLease(lease, { sync: true });
    expect(await keys({ filters: ['kind==active'] })).toEqual(['rooted']);
    await client.removeSnapshot('rooted');
    await oracle.expectNothingLeft(before);
  });

  it('are not lost while somebody makes the daemon collect garbage all the time', async () => {
    const before = await oracle.count();
    await using other = await connect();
    let over = false;
    const storm = (async () => {
      for (let rounds = 0; ; rounds += 1) {
        if (over) return rounds;
        await other.deleteLease(await other.createLease(), { sync: true });
      }
    })();
    const layers = Array.from({ length: 15 }, (_, index) => `storm-${index}`);
    for (const [index, name] of layers.entries()) await commit(name, name, layers[index - 1]);
    await client.viewSnapshot('storm', { parent: layers.at(-1) });
    expect(await client.withMounts('storm', (path) => readdir(path))).toHaveLength(layers.length);
    over = true;
    expect(await storm).toBeGreaterThan(0);
    await other.close();
    for (const key of ['storm', ...layers.reverse()]) await client.removeSnapshot(key);
    await oracle.expectNothingLeft(before);
  });

  it('tell what they use, alone and with those below, as ctr does', async () => {
    const before = await oracle.count();
    await commit('low', 'a');
    await commit('high', 'b', 'low');
    const [low, high] = [
      await client.getSnapshotUsage('low'),
      await client.getSnapshotUsage('high'),
    ];
    expect(low.inodes).toBeGreaterThan(0);
    expect(await client.getSnapshotUsage('high', { withParents: true })).toEqual({
      size: low.size + high.size,
      inodes: low.inodes + high.inodes,
    });
    const [, row = ''] = (await ctrSnapshots('usage', '-b', 'high')).trim().split('\n');
    expect(row.trim().split(/\s+/)).toEqual(['high', `${high.size}`, `${high.inodes}`]);
    await client.removeSnapshot('high');
    await client.removeSnapshot('low');
    await oracle.expectNothingLeft(before);
  });

  it('are listed by filters, and as a tree like that of ctr', async () => {
    const before = await oracle.count();
    await commit('root', 'a');
    await client.createSnapshot('leaf', { parent: 'root', labels: { color: 'red' } });
    await client.viewSnapshot('view', { parent: 'root' });
    expect(await keys({ filters: ['parent==root'] })).toEqual(['leaf', 'view']);
    expect(await keys({ filters: ['kind==view', 'labels.color==red'] })).toEqual(['leaf', 'view']);
    expect(await keys({ filters: ['kind==active,labels.color==blue'] })).toEqual([]);
    const shown = (trees: readonly SnapshotTree[]): string[] =>
      trees.flatMap(({ snapshot, children }) => [snapshot.key, ...shown(children)]);
    const theirs = (await ctrSnapshots('tree')).match(/[a-z][\w:-]*/g);
    expect(shown(await client.snapshotTree()).sort()).toEqual(theirs?.sort());
    for (const key of ['leaf', 'view', 'root']) await client.removeSnapshot(key);
    await oracle.expectNothingLeft(before);
  });

  it('have the mounts that ctr tells', async () => {
    await client.createSnapshot('mine', { image: busyboxName });
    const [, type, source, options = ''] =
      /^mount -t (\S+) (\S+) \/mnt -o (\S+)$/.exec(
        (await ctrSnapshots('mounts', '/mnt', 'mine')).trim(),
      ) ?? [];
    expect(await client.getMounts('mine')).toMatchObject([
      { type, source, options: options.split(',') },
    ]);
    await client.removeSnapshot('mine');
  });

  it('have labels that change one by one', async () => {
    const before = await oracle.count();
    await client.createSnapshot('labelled', { labels: { a: '1', b: '2', 'x.y/z': '3' } });
    const info = await client.labelSnapshot('labelled', { labels: { a: '', 'x.y/z': '4' } });
    expect(info.labels).toMatchObject({ b: '2', 'x.y/z': '4' });
    expect(Object.keys(info.labels).sort()).toEqual([
      'b',
      'containerd.io/gc.root',
      'ctrd/owner',
      'x.y/z',
    ]);
    expect(await client.getSnapshot('labelled')).toEqual(info);
    await client.removeSnapshot('labelled');
    await oracle.expectNothingLeft(before);
  });

  it('are not removed under a running task, unless by force', async () => {
    const before = await oracle.count();
    const detached = ['run', '--detach', '--fifo-dir', join(containerd.folder, 'fifo')];
    await containerd.ctr('-n', namespace, ...detached, busyboxName, 'user', 'sleep', '1000');
    await expect(client.removeSnapshot('user')).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'in-use',
      operation: 'removeSnapshot',
      subject: 'user',
    });
    expect(await client.getSnapshot('user')).toMatchObject({ kind: 'active' });
    await client.removeSnapshot('user', { force: true });
    await expect(client.getSnapshot('user')).rejects.toMatchObject({ code: 'not-found' });
    await containerd.ctr('-n', namespace, 'tasks', 'kill', '--signal', 'SIGKILL', 'user');
    await waitFor(async () =>
      /user\s+\d+\s+STOPPED/.test(await containerd.ctr('-n', namespace, 'tasks', 'ls')),
    );
    await containerd.ctr('-n', namespace, 'tasks', 'delete', 'user');
    await containerd.ctr('-n', namespace, 'containers', 'delete', 'user');
    await oracle.expectNothingLeft(before);
  });

  it('are cleaned up after by snapshotters that can, which these two cannot', async () => {
    for (const snapshotter of ['overlayfs', 'native']) {
      await expect(client.cleanupSnapshots({ snapshotter })).rejects.toMatchObject({
        code: 'unimplemented',
      });
    }
  });

  it('are never half-made by an aborted call', async () => {
    const before = await oracle.count();
    for (let index = 0; index < 20; index += 1) {
      const controller = new AbortController();
      const making = client.createSnapshot(`aborted-${index}`, { signal: controller.signal });
      setTimeout(() => controller.abort(), index % 10);
      const made = await making.catch((error: unknown) => error);
      if (made instanceof Error) expect(made).toMatchObject({ code: 'aborted' });
      else await client.removeSnapshot(`aborted-${index}`);
    }
    await oracle.expectNothingLeft(before);
  });
});

describe('a snapshotter', () => {
  it('is known with what it can do', async () => {
    const { name, platforms } = await client.checkSnapshotter('overlayfs');
    expect(name).toBe('overlayfs');
    expect(platforms[0]).toMatch(/^linux\//);
  });

  it.each(['checkSnapshotter', 'getSnapshot', 'createSnapshot', 'walkSnapshots'] as const)(
    'that is not there is told by %s, with those that are',
    async (method) => {
      const snapshotter = 'nosuch';
      const calls = {
        checkSnapshotter: () => client.checkSnapshotter(snapshotter),
        getSnapshot: () => client.getSnapshot('a', { snapshotter }),
        createSnapshot: () => client.createSnapshot('a', { snapshotter }),
        walkSnapshots: () => keys({ snapshotter }),
      };
      await expect(calls[method]()).rejects.toMatchObject({
        code: 'not-found',
        operation: method,
        message: expect.stringMatching(/native.*overlayfs|overlayfs.*native/),
      });
    },
  );
});

describe('a snapshotter that is to be the only one', () => {
  it('is refused while another has snapshots', async () => {
    const name = `${namespace}-alone`;
    await using other = await ctrd({ address: containerd.address, namespace: name })
      .use(snapshots())
      .connect();
    await other.createSnapshot('elsewhere', { snapshotter: 'native' });
    expect(await other.checkSnapshotter('native', { alone: true })).toMatchObject({
      name: 'native',
    });
    await expect(other.checkSnapshotter('overlayfs', { alone: true })).rejects.toMatchObject({
      ...{ code: 'failed-precondition', reason: 'other-snapshotter', subject: 'overlayfs' },
    });
    await other.removeSnapshot('elsewhere', { snapshotter: 'native' });
    expect(await other.checkSnapshotter('overlayfs', { alone: true })).toMatchObject({
      name: 'overlayfs',
    });
  });
});

describe('a mounted snapshot', () => {
  it('is written to, read by the next, and unmounted whatever happens', async () => {
    const before = await oracle.count();
    await client.createSnapshot('work');
    await client.withMounts('work', (path) => writeFile(join(path, 'file'), 'content'));
    let folder = '';
    const failing = client.withMounts('work', async (path) => {
      folder = path;
      expect(await readFile(join(path, 'file'), 'utf8')).toBe('content');
      throw new Error('the disk is on fire');
    });
    await expect(failing).rejects.toThrow('the disk is on fire');
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    await client.removeSnapshot('work');
    expect(await readdir(join(runtimeDir, 'mounts'))).toEqual([]);
    await oracle.expectNothingLeft(before);
  });

  it('is read-only when it is a view, or when it is asked to be', async () => {
    const before = await oracle.count();
    await commit('content', 'file');
    await client.viewSnapshot('eyes', { parent: 'content' });
    await client.createSnapshot('hands', { parent: 'content' });
    for (const [key, options] of [
      ['eyes', {}],
      ['hands', { readOnly: true }],
    ] as const) {
      const use = async (path: string) => {
        expect(await readdir(path)).toEqual(['file']);
        await writeFile(join(path, 'more'), '');
      };
      await expect(client.withMounts(key, use, options)).rejects.toMatchObject({ code: 'EROFS' });
    }
    for (const key of ['eyes', 'hands', 'content']) await client.removeSnapshot(key);
    await oracle.expectNothingLeft(before);
  });

  it('is unmounted also while somebody is in it', async () => {
    const before = await oracle.count();
    await client.createSnapshot('busy');
    const mount = await client.mountSnapshot('busy');
    const inside = spawn('cat', { cwd: mount.path, stdio: ['pipe', 'ignore', 'ignore'] });
    await once(inside, 'spawn');
    await mount[Symbol.asyncDispose]();
    await mount[Symbol.asyncDispose]();
    await expect(readdir(mount.path)).rejects.toMatchObject({ code: 'ENOENT' });
    inside.kill();
    await once(inside, 'close');
    await client.removeSnapshot('busy');
    await oracle.expectNothingLeft(before);
  });

  it('of a process that was killed is found and unmounted', async () => {
    const before = await oracle.count();
    await client.createSnapshot('orphan');
    await using own = await client.mountSnapshot('orphan', { readOnly: true });
    const program = `
      import { ctrd } from '@ctrd/core';
      import { snapshots } from '@ctrd/snapshots';
      const [address, namespace, runtimeDir] = process.argv.slice(-3);
      const client = await ctrd({ address, namespace, runtimeDir }).use(snapshots()).connect();
      await client.withMounts('orphan', async (path) => {
        console.log(path);
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      });
    `;
    const child = spawn(
      process.execPath,
      [
        ...['--conditions=@ctrd/source', '--import', 'tsx', '--input-type=module'],
        ...['--eval', program, '--', containerd.address, namespace, runtimeDir],
      ],
      { cwd: join(import.meta.dirname, '..'), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [first] = await once(child.stdout, 'data');
    const path = String(first).trim();
    expect(path.startsWith(join(runtimeDir, 'mounts'))).toBe(true);
    expect(await sweptMounts()).toEqual([]);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await sweptMounts()).toEqual([path]);
    expect(await sweptMounts()).toEqual([]);
    expect(await readdir(join(runtimeDir, 'mounts'))).toHaveLength(1);
    await own[Symbol.asyncDispose]();
    await client.removeSnapshot('orphan');
    await oracle.expectNothingLeft(before);
  });
});

describe('what cannot be', () => {
  beforeAll(() => client.createSnapshot('taken'));
  afterAll(() => client.removeSnapshot('taken'));

  it.each([
    ['getSnapshot', ['gone'], 'not-found'],
    ['getMounts', ['gone'], 'not-found'],
    ['getSnapshotUsage', ['gone'], 'not-found'],
    ['removeSnapshot', ['gone'], 'not-found'],
    ['mountSnapshot', ['gone'], 'not-found'],
    ['labelSnapshot', ['gone', { labels: { a: '1' } }], 'not-found'],
    ['commitSnapshot', ['gone', { name: 'x' }], 'not-found'],
    ['createSnapshot', ['new', { parent: 'gone' }], 'not-found'],
    ['viewSnapshot', ['new', { parent: 'gone' }], 'not-found'],
    ['createSnapshot', ['new', { image: 'no-such-image' }], 'not-found'],
    ['createSnapshot', ['new', { lease: 'no-such-lease' }], 'not-found'],
    ['createSnapshot', ['taken'], 'already-exists'],
    ['createSnapshot', ['new', { timeoutMs: 0 }], 'timeout'],
  ])('$0 fails with $2 (%#)', async (name, given, code) => {
    const before = await oracle.count();
    await expect(call(name, given)).rejects.toMatchObject({ code, operation: name });
    await oracle.expectNothingLeft(before);
  });

  it.each([
    ['getSnapshot', [''], 'key'],
    ['mountSnapshot', ['a\nb'], 'key'],
    ['removeSnapshot', ['a', { snapshotter: 'a/b' }], 'snapshotter'],
    ['checkSnapshotter', ['../x'], 'snapshotter'],
    ['createSnapshot', ['a', { parent: 'b', image: 'c' }], 'parent'],
    ['createSnapshot', ['a', { labels: { b: 'x'.repeat(5000) } }], 'labels.b'],
    ['viewSnapshot', ['a', { lease: 'a b' }], 'lease'],
    ['commitSnapshot', ['a', {}], 'name'],
    ['labelSnapshot', ['a', {}], 'labels'],
    ['labelSnapshot', ['a', { labels: {} }], 'labels'],
    ['getSnapshot', ['a', { timeoutMs: -1 }], 'timeoutMs'],
  ])('$0 refuses bad input, naming $2; nothing is sent (%#)', async (name, given, field) => {
    sent.length = 0;
    await expect(call(name, given)).rejects.toMatchObject({
      code: 'invalid-argument',
      operation: name,
      field,
    });
    expect(sent).toEqual([]);
  });

  it('walkSnapshots refuses filters that are no list, and those that the daemon refuses', async () => {
    sent.length = 0;
    await expect(keys({ filters: 'kind==view' as never })).rejects.toMatchObject({
      field: 'filters',
    });
    expect(sent).toEqual([]);
    await expect(keys({ filters: ['kind=='] })).rejects.toMatchObject({ code: 'unknown' });
  });

  it('an image without the plugin for images names the plugin', async () => {
    await using bare = await ctrd({ address: containerd.address, namespace })
      .use(snapshots())
      .connect();
    await expect(bare.createSnapshot('new', { image: busyboxName })).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'missing-plugin',
      message: expect.stringContaining('@ctrd/images'),
    });
  });

  function call(name: string, given: readonly unknown[]): Promise<unknown> {
    const methods = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    return methods[name]?.(...given) ?? Promise.reject(new Error(`no method ${name}`));
  }
});
