import {
  chmod,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ctrd } from '@ctrd/core';
import { type SnapshotInfo, snapshots } from '@ctrd/snapshots';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { daemon, leakOracle, namespaceOf, type Remains } from './support/index.js';

// What containerd's own suite (core/snapshots/testsuite) demands of a snapshotter, through our API.

const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
let runtimeDir: string;
let client: Awaited<ReturnType<typeof connect>>;
let before: Remains;

const connect = (snapshotter?: string) =>
  ctrd({ address: daemon().address, namespace, runtimeDir, snapshotter })
    .use(snapshots())
    .connect();

beforeAll(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-conformance-'));
});
afterAll(() => rm(runtimeDir, { recursive: true }));

type Change = (path: string) => Promise<unknown>;

/** Makes an active snapshot, changes it, and commits it. */
async function layer(name: string, change: Change, parent?: string): Promise<void> {
  await client.createSnapshot(`${name}-active`, { parent });
  await client.withMounts(`${name}-active`, change);
  await client.commitSnapshot(`${name}-active`, { name });
}

/** As {@link layer}, without a mount: in the folder where the daemon keeps what the layer adds. */
async function layerInPlace(name: string, change: Change, parent: string): Promise<void> {
  const { mounts } = await client.createSnapshot(`${name}-active`, { parent });
  const [{ source, options } = { source: '', options: [] }] = mounts;
  const upper = options.find((option) => option.startsWith('upperdir='));
  await change(upper?.slice('upperdir='.length) ?? source);
  await client.commitSnapshot(`${name}-active`, { name });
}

/** Looks at a committed snapshot by a view. */
async function look<T>(parent: string, use: (path: string) => Promise<T>): Promise<T> {
  await client.viewSnapshot(`${parent}-view`, { parent });
  try {
    return await client.withMounts(`${parent}-view`, use);
  } finally {
    await client.removeSnapshot(`${parent}-view`);
  }
}

async function walked(): Promise<SnapshotInfo[]> {
  const found: SnapshotInfo[] = [];
  for await (const snapshot of client.walkSnapshots()) found.push(snapshot);
  return found;
}

/** The files of a folder: path to content; folders end in a slash. */
async function filesOf(path: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(join(path, below), { withFileTypes: true })) {
    const name = join(below, entry.name);
    if (entry.isDirectory()) Object.assign(found, { [`${name}/`]: '' }, await filesOf(path, name));
    else found[name] = await readFile(join(path, name), 'utf8');
  }
  return found;
}

const file =
  (name: string, content: string): Change =>
  (path) =>
    writeFile(join(path, name), content);

const all =
  (...changes: readonly Change[]): Change =>
  async (path) => {
    for (const change of changes) await change(path);
  };

const folder =
  (name: string): Change =>
  (path) =>
    mkdir(join(path, name), { recursive: true });

const gone =
  (name: string): Change =>
  (path) =>
    rm(join(path, name), { recursive: true });

describe.each(['overlayfs', 'native'])('the snapshotter %s', (snapshotter) => {
  beforeAll(async () => {
    client = await connect(snapshotter);
    before = await oracle.count();
  });
  afterAll(() => client.close());

  afterEach(async () => {
    // The youngest first: nothing stands on it.
    const found = await walked();
    found.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    for (const { key } of found) await client.removeSnapshot(key);
    await oracle.expectNothingLeft(before);
  });

  it('prepares, commits and stacks changes (Basic)', async () => {
    await layer('base', all(file('foo', 'foo\n'), folder('a/b/c'), file('a/b/c/d', 'd\n')));
    expect(await client.getSnapshot('base')).toMatchObject({ parent: '', kind: 'committed' });
    await expect(client.getMounts('base-active')).rejects.toMatchObject({ code: 'not-found' });
    const change = all(file('bar', 'bar\n'), gone('a/b'), file('a/new', 'new\n'));
    await layer('next', change, 'base');
    expect(await client.getSnapshot('next')).toMatchObject({ parent: 'base', kind: 'committed' });
    await client.createSnapshot('third', { parent: 'next' });
    const { mounts } = await client.viewSnapshot('fourth', { parent: 'next' });
    expect(await client.getMounts('fourth')).toEqual(mounts);
    const wanted = { foo: 'foo\n', bar: 'bar\n', 'a/': '', 'a/new': 'new\n' };
    expect(await client.withMounts('third', filesOf)).toEqual(wanted);
    expect(await client.withMounts('fourth', filesOf)).toEqual(wanted);
    expect(Object.keys(await look('base', filesOf))).toContain('a/b/c/d');
  });

  it('tells of an active one (StatActive)', async () => {
    await layer('base', file('foo', 'foo\n'));
    await client.createSnapshot('active', { parent: 'base' });
    expect(await client.getSnapshot('active')).toMatchObject({
      key: 'active',
      parent: 'base',
      kind: 'active',
      snapshotter,
    });
  });

  it('tells of a committed one (StatCommitted)', async () => {
    await layer('base', file('foo', 'foo\n'));
    await layer('next', file('bar', 'bar\n'), 'base');
    expect(await client.getSnapshot('next')).toMatchObject({
      key: 'next',
      parent: 'base',
      kind: 'committed',
      snapshotter,
    });
  });

  it('keeps the chain of parents (Transitivity)', async () => {
    await layer('one', file('foo', '1'));
    await layer('two', file('foo', '2'), 'one');
    await layer('three', file('foo', '3'), 'two');
    const parents = ['three', 'two', 'one'].map(async (key) => client.getSnapshot(key));
    expect((await Promise.all(parents)).map(({ parent }) => parent)).toEqual(['two', 'one', '']);
    const [root, ...others] = await client.snapshotTree();
    expect(others).toEqual([]);
    expect(root?.children[0]?.children[0]?.snapshot.key).toBe('three');
  });

  it('refuses keys in use and parents that are missing or active (PrepareViewFailing)', async () => {
    await layer('base', file('foo', 'foo\n'));
    await client.createSnapshot('active', { parent: 'base' });
    await client.viewSnapshot('view', { parent: 'base' });
    for (const key of ['active', 'view', 'base']) {
      for (const make of [client.createSnapshot, client.viewSnapshot]) {
        await expect(make(key, { parent: 'base' })).rejects.toMatchObject({
          code: 'already-exists',
        });
      }
    }
    for (const make of [client.createSnapshot, client.viewSnapshot]) {
      await expect(make('new', { parent: 'missing' })).rejects.toMatchObject({
        code: 'not-found',
      });
      await expect(make('new', { parent: 'active' })).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid-argument|failed-precondition)$/),
      });
    }
    expect((await walked()).map(({ key }) => key).sort()).toEqual(['active', 'base', 'view']);
  });

  it('changes labels and the time of the change, nothing else (Update)', async () => {
    await layer('base', file('foo', 'foo\n'));
    const old = await client.getSnapshot('base');
    const { updatedAt, labels, ...rest } = await client.labelSnapshot('base', {
      labels: { l1: 'v1', l2: 'v2' },
    });
    expect(labels).toEqual({ ...old.labels, l1: 'v1', l2: 'v2' });
    expect(updatedAt.getTime()).toBeGreaterThanOrEqual(old.updatedAt.getTime());
    expect({ ...rest, labels: old.labels, updatedAt: old.updatedAt }).toEqual(old);
    await client.labelSnapshot('base', { labels: { l1: 'v3', l2: '' } });
    const { labels: last } = await client.getSnapshot('base');
    expect(last).toEqual({ ...old.labels, l1: 'v3' });
  });

  it('removes only what nothing stands on (Remove)', async () => {
    await layer('one', file('foo', '1'));
    await layer('two', file('foo', '2'), 'one');
    await client.viewSnapshot('view', { parent: 'two' });
    await client.createSnapshot('active', { parent: 'one' });
    for (const key of ['one', 'two']) {
      await expect(client.removeSnapshot(key)).rejects.toMatchObject({
        code: 'failed-precondition',
      });
    }
    for (const key of ['view', 'two', 'active', 'one']) await client.removeSnapshot(key);
    expect(await walked()).toEqual([]);
  });

  it('removes one in the middle as soon as it can (RemoveIntermediate)', async () => {
    await layer('base', file('foo', 'foo'));
    await client.createSnapshot('middle', { parent: 'base' });
    await client.createSnapshot('side', { parent: 'base' });
    await expect(client.removeSnapshot('base')).rejects.toMatchObject({
      code: 'failed-precondition',
    });
    await client.removeSnapshot('middle');
    await expect(client.removeSnapshot('base')).rejects.toMatchObject({
      code: 'failed-precondition',
    });
    await client.removeSnapshot('side');
    await client.removeSnapshot('base');
  });

  it('lists each exactly once, as they are (Walk)', async () => {
    await layer('base', file('foo', 'foo'));
    await client.createSnapshot('active', { parent: 'base', labels: { a: '1' } });
    await client.viewSnapshot('view', { parent: 'base' });
    const found = await walked();
    expect(found.map(({ key }) => key).sort()).toEqual(['active', 'base', 'view']);
    for (const info of found) expect(await client.getSnapshot(info.key)).toEqual(info);
  });

  it('answers while it lists (StatInWalk)', async () => {
    for (const key of ['a', 'b', 'c']) await client.createSnapshot(key);
    const seen: string[] = [];
    for await (const { key } of client.walkSnapshots()) {
      expect(await client.getSnapshot(key)).toMatchObject({ key });
      seen.push(key);
    }
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
  });

  it('shows the upper of two files (LayerFileUpdate)', async () => {
    await layer('one', all(folder('etc'), file('etc/hosts', '1'), file('etc/profile', 'p')));
    await layer('two', all(file('etc/hosts', '1 and 2'), folder('root')), 'one');
    await layer('three', file('root/.bashrc', 'PATH'), 'two');
    expect(await look('three', filesOf)).toEqual({
      'etc/': '',
      'etc/hosts': '1 and 2',
      'etc/profile': 'p',
      'root/': '',
      'root/.bashrc': 'PATH',
    });
    expect((await look('one', filesOf))['etc/hosts']).toBe('1');
  });

  it('hides a folder below that was removed and made anew (RemoveDirectoryInLowerLayer)', async () => {
    await layer('one', all(folder('lib'), file('lib/hidden', 'h')));
    await layer('two', all(gone('lib'), folder('lib'), file('lib/not-hidden', 'n')), 'one');
    await layer('three', file('lib/newfile', 'new'), 'two');
    expect(await look('three', filesOf)).toEqual({
      'lib/': '',
      'lib/not-hidden': 'n',
      'lib/newfile': 'new',
    });
  });

  it('keeps files deleted that a layer deleted (DeletedFilesInChildSnapshot)', async () => {
    await layer('one', all(file('keep', 'k'), file('away', 'a')));
    await layer('two', gone('away'), 'one');
    await layer('three', file('more', 'm'), 'two');
    expect(await look('three', filesOf)).toEqual({ keep: 'k', more: 'm' });
    expect(await look('one', filesOf)).toEqual({ keep: 'k', away: 'a' });
  });

  it('moves a file of a layer below (MoveFileFromLowerLayer)', async () => {
    await layer('one', all(folder('dir1'), file('dir1/f1', 'one'), file('dir1/f2', 'two')));
    const move: Change = (path) => rename(join(path, 'dir1/f1'), join(path, 'moved'));
    await layer('two', move, 'one');
    expect(await look('two', filesOf)).toEqual({ 'dir1/': '', 'dir1/f2': 'two', moved: 'one' });
  });

  it('renames files over others and new folders (Rename)', async () => {
    await layer('one', all(folder('some'), file('some/f1', 'first'), file('some/f2', 'dull')));
    const change = all(
      file('some/f1-over', 'over'),
      (path) => rename(join(path, 'some/f1-over'), join(path, 'some/f1')),
      (path) => rename(join(path, 'some/f2'), join(path, 'some/f3')),
      // A folder of a layer below cannot be renamed on every overlay file system; a new one can.
      folder('dir1/sub'),
      (path) => rename(join(path, 'dir1'), join(path, 'dir2')),
    );
    await layer('two', change, 'one');
    expect(await look('two', filesOf)).toEqual({
      'some/': '',
      'some/f1': 'over',
      'some/f3': 'dull',
      'dir2/': '',
      'dir2/sub/': '',
    });
  });

  it('keeps owners (Chown)', async () => {
    await layer('one', all(folder('opt/a'), file('opt/a/b', 'b')));
    const owned = all(
      (path) => lchown(join(path, 'opt'), 1, 1),
      (path) => lchown(join(path, 'opt/a/b'), 1001, 1002),
    );
    await layer('two', owned, 'one');
    await layer('three', file('opt/c', 'c'), 'two');
    const owner = await look('three', async (path) =>
      Promise.all(['opt', 'opt/a', 'opt/a/b'].map((name) => lstat(join(path, name)))),
    );
    expect(owner.map(({ uid, gid }) => [uid, gid])).toEqual([
      [1, 1],
      [0, 0],
      [1001, 1002],
    ]);
  });

  it('keeps modes of folders through commits (DirectoryPermissionOnCommit)', async () => {
    const modes = [0o700, 0o1777, 0o2755, 0o751];
    const make: Change = async (path) => {
      for (const mode of modes) {
        await mkdir(join(path, mode.toString(8)));
        await chmod(join(path, mode.toString(8)), mode);
      }
    };
    await layer('one', make);
    await layer('two', file('700/file', 'f'), 'one');
    await layer('three', (path) => chmod(join(path, '751'), 0o705), 'two');
    const found = await look('three', async (path) =>
      Promise.all(modes.map((mode) => lstat(join(path, mode.toString(8))))),
    );
    expect(found.map(({ mode }) => mode & 0o7777)).toEqual([0o700, 0o1777, 0o2755, 0o705]);
  });

  it('makes roots that everybody may read and only the owner write (RootPermission)', async () => {
    await client.createSnapshot('empty');
    const { mode } = await client.withMounts('empty', (path) => lstat(path));
    expect(mode & 0o777).toBe(0o755);
  });

  it('lets nobody write to a view (ViewReadonly)', async () => {
    await layer('base', file('foo', 'foo'));
    await layer('next', file('bar', 'bar'), 'base');
    for (const parent of [undefined, 'base', 'next']) {
      await client.viewSnapshot('view', { parent });
      await expect(client.withMounts('view', file('new', 'x'))).rejects.toMatchObject({
        code: 'EROFS',
      });
      await expect(client.commitSnapshot('view', { name: 'no' })).rejects.toMatchObject({
        code: 'failed-precondition',
      });
      await client.removeSnapshot('view');
    }
  });

  it('may be closed twice (CloseTwice)', async () => {
    const other = await connect(snapshotter);
    await other.createSnapshot('of-another');
    await other.close();
    await other.close();
    expect(await client.getSnapshot('of-another')).toMatchObject({ kind: 'active' });
  });

  it('mounts 128 layers (128LayersMount)', { timeout: 300_000 }, async () => {
    const bottom = all(file('bottom', 'way down'), file('overwrite', '-1'), folder('rm'));
    await layer('layer-0', all(bottom, file('rm/0', '')));
    for (let n = 1; n < 128; n += 1) {
      const parent = `layer-${n - 1}`;
      const overwrite = file('overwrite', `${n}`);
      // A mount takes the most of the time: on every eighth layer, what needs one.
      if (n % 8 !== 7) await layerInPlace(`layer-${n}`, overwrite, parent);
      else {
        const last = Math.max(n - 8, 0);
        await layer(`layer-${n}`, all(overwrite, gone(`rm/${last}`), file(`rm/${n}`, '')), parent);
      }
    }
    expect(await look('layer-127', filesOf)).toEqual({
      bottom: 'way down',
      overwrite: '127',
      'rm/': '',
      'rm/127': '',
    });
  });
});
