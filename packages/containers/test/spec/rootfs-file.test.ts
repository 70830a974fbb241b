import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layersOfMounts, readRootfsFile, resolveRootfsUser } from '../../src/spec/index.js';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

let base: string;
let upper: string;
let lower: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'ctrd-rootfs-'));
  [upper, lower] = [join(base, 'upper'), join(base, 'lower')];
  await Promise.all([upper, lower].map((folder) => mkdir(folder)));
  await write(join(base, 'secret'), 'of the host');
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const read = (path = '/etc/passwd') => readRootfsFile([upper, lower], path);

describe('readRootfsFile', () => {
  it('reads the uppermost file, or a lower one through the folders above it', async () => {
    await write(join(lower, 'etc/passwd'), 'lower');
    expect(await read()).toBe('lower');
    await write(join(upper, 'etc/group'), 'other');
    expect(await read()).toBe('lower');
    await write(join(upper, 'etc/passwd'), 'upper');
    expect(await read()).toBe('upper');
  });

  it('answers nothing for what is not there, is a folder, or has a file as its folder', async () => {
    await write(join(lower, 'etc'), 'a file');
    expect(await read()).toBe('');
    expect(await read('/')).toBe('');
    expect(await readRootfsFile([join(base, 'gone')], '/etc/passwd')).toBe('');
    expect(await readRootfsFile([], '/etc/passwd')).toBe('');
  });

  it('stops where an upper file covers the folder of a lower layer', async () => {
    const lowest = join(base, 'lowest');
    await write(join(lowest, 'etc/passwd'), 'covered');
    await write(join(lower, 'etc'), 'a file');
    await mkdir(join(upper, 'etc'));
    expect(await readRootfsFile([upper, lower, lowest], '/etc/passwd')).toBe('');
  });

  it('does not follow a lower link where an upper layer has a folder', async () => {
    await symlink(base, join(lower, 'etc'));
    await mkdir(join(upper, 'etc'));
    expect(await read('/etc/secret')).toBe('');
  });

  it.runIf(isRoot)(
    'honours whiteouts of files and of folders (as root, who may make the device)',
    async () => {
      await write(join(lower, 'etc/passwd'), 'removed');
      await write(join(lower, 'opt/file'), 'removed');
      await mkdir(join(upper, 'etc'));
      await run('mknod', [join(upper, 'etc/passwd'), 'c', '0', '0']);
      await run('mknod', [join(upper, 'opt'), 'c', '0', '0']);
      expect(await read()).toBe('');
      expect(await read('/opt/file')).toBe('');
    },
  );

  it.each([
    ['an absolute link', (at: string) => symlink(join(base, 'secret'), at)],
    ['a relative link', (at: string) => symlink('../../secret', at)],
    ['a link of many steps up', (at: string) => symlink(`${'../'.repeat(50)}${base}/secret`, at)],
  ])('never leaves the root file system by %s', async (_, link) => {
    await mkdir(join(upper, 'etc'));
    await link(join(upper, 'etc/passwd'));
    expect(await read()).toBe('');
  });

  it('never leaves it by a folder that is a link', async () => {
    await symlink(base, join(upper, 'etc'));
    expect(await read('/etc/secret')).toBe('');
    expect(await read('/../secret')).toBe('');
  });

  it('follows links inside: absolute, relative, through folders and across layers', async () => {
    await write(join(lower, 'usr/share/users'), 'found');
    await mkdir(join(upper, 'etc'));
    await symlink('/usr/share/users', join(upper, 'etc/absolute'));
    await symlink('../usr/./share/../share/users', join(upper, 'etc/relative'));
    await symlink('usr', join(upper, 'system'));
    await symlink('/system/share/users', join(upper, 'etc/folder'));
    for (const name of ['absolute', 'relative', 'folder']) {
      expect(await read(`/etc/${name}`)).toBe('found');
    }
    // Its last name is a folder's parent, not the folder's name.
    await symlink('relative/..', join(upper, 'etc/parent'));
    expect(await read('/etc/parent')).toBe('');
  });

  it('answers failed-precondition for a circle of links', async () => {
    await mkdir(join(upper, 'etc'));
    await symlink('passwd', join(upper, 'etc/passwd'));
    await expect(read()).rejects.toMatchObject({ code: 'failed-precondition', reason: 'links' });
  });

  it('answers too-large above 10 MiB', async () => {
    await write(join(upper, 'etc/passwd'), '');
    await truncate(join(upper, 'etc/passwd'), 10 * 1024 * 1024);
    expect(await read()).toHaveLength(10 * 1024 * 1024);
    await truncate(join(upper, 'etc/passwd'), 10 * 1024 * 1024 + 1);
    await expect(read()).rejects.toMatchObject({ code: 'too-large' });
  });

  it('never waits for the writer of a FIFO', async () => {
    await mkdir(join(upper, 'etc'));
    await run('mkfifo', [join(upper, 'etc/passwd')]);
    expect(await read()).toBe('');
  });
});

describe('layersOfMounts', () => {
  const mount = (type: string, source: string, ...options: string[]) => ({
    ...{ type, source, target: '', options },
  });

  it('takes the folders of an overlay, the uppermost first', () => {
    const options = ['index=off', 'workdir=/w', 'upperdir=/u', 'lowerdir=/b:/a\\:1'];
    expect(layersOfMounts([mount('overlay', 'overlay', ...options)])).toEqual(['/u', '/b', '/a:1']);
    expect(layersOfMounts([mount('overlay', 'overlay', 'lowerdir=/b:/a')])).toEqual(['/b', '/a']);
  });

  it('takes the source of a bind mount', () => {
    expect(layersOfMounts([mount('bind', '/s', 'rw', 'rbind')])).toEqual(['/s']);
  });

  it('knows what it cannot read', () => {
    expect(layersOfMounts([mount('ext4', '/dev/mapper/x')])).toBeUndefined();
    expect(layersOfMounts([mount('overlay', 'overlay', 'upperdir=/u')])).toBeUndefined();
    expect(layersOfMounts([mount('bind', '/a'), mount('bind', '/b')])).toBeUndefined();
    expect(layersOfMounts([])).toBeUndefined();
  });
});

describe('resolveRootfsUser', () => {
  it('looks names and groups up in the layers', async () => {
    await write(join(lower, 'etc/passwd'), 'web:x:33:33:::\n');
    await write(join(upper, 'etc/group'), 'web:x:33:\nlog:x:4:web\n');
    expect(await resolveRootfsUser('web', [upper, lower])).toEqual({
      ...{ uid: 33, gid: 33, additionalGids: [33, 4] },
    });
    await expect(resolveRootfsUser('ghost', [upper, lower])).rejects.toMatchObject({
      ...{ code: 'not-found', reason: 'unknown-user' },
    });
  });

  it('needs no files for two numbers, nor for the default user', async () => {
    const numbers = await resolveRootfsUser('5:6', undefined);
    expect(numbers).toEqual({ uid: 5, gid: 6, additionalGids: [6] });
    const root = { uid: 0, gid: 0, additionalGids: [0] };
    expect(await resolveRootfsUser('', undefined)).toEqual(root);
  });

  it('fails rather than guess a group where files cannot be read', async () => {
    for (const text of ['5', 'web', '5:web']) {
      await expect(resolveRootfsUser(text, undefined)).rejects.toMatchObject({
        ...{ code: 'failed-precondition', field: 'user' },
      });
    }
  });

  it.runIf(!isRoot)(
    'fails where folders are not ours to read (not as root, who may read them all)',
    async () => {
      await chmod(upper, 0);
      await expect(resolveRootfsUser('5', [upper])).rejects.toMatchObject({
        code: 'failed-precondition',
      });
    },
  );
});
