import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { packTar, type TarHeader, unpackTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packed } from '../src/copy/pack.js';
import { unpack } from '../src/copy/unpack.js';

const { signal } = new AbortController();
let folder: string;
/** What stands for `/`. */
let root: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-copy-'));
  root = join(folder, 'root');
  await mkdir(root);
  await writeFile(join(folder, 'outside'), 'secret');
});
afterEach(() => rm(folder, { recursive: true }));

const at = (path: string) => join(root, path);
const tarOf = async (path: string) => buffer(packed(root, path, signal));
const namesOf = async (path: string) => (await unpackTar(await tarOf(path))).map(nameOf).sort();
const nameOf = ({ header }: { header: TarHeader }) => header.name;

async function* bytesOf(entries: readonly (Partial<TarHeader> & { body?: string })[]) {
  const archive = await packTar(
    entries.map(({ body = '', ...header }) => ({
      header: { name: '', size: Buffer.byteLength(body), ...header },
      body,
    })),
  );
  for (let n = 0; n < archive.length; n += 700) yield archive.subarray(n, n + 700);
}

const put = (path: string, ...entries: readonly (Partial<TarHeader> & { body?: string })[]) =>
  unpack(root, path, bytesOf(entries), signal);

describe('files that are copied out', () => {
  it('come back as they were, with owners, modes, times and links', async () => {
    await mkdir(at('a/b'), { recursive: true });
    await writeFile(at('a/file'), 'x'.repeat(700_000));
    await writeFile(at('a/empty'), '');
    await writeFile(at(`a/b/${'long-'.repeat(45)}name`), 'long');
    await symlink('/etc/passwd', at('a/link'));
    await link(at('a/file'), at('a/b/hard'));
    await chmod(at('a/file'), 0o4751);
    const time = new Date('2024-03-04T05:06:07Z');
    await utimes(at('a/file'), time, time);
    await utimes(at('a/b'), time, time);

    await unpack(
      root,
      'copy',
      (async function* () {
        yield* packed(root, '/a', signal);
      })(),
      signal,
    );
    expect(await readdir(at('copy/a'))).toEqual(await readdir(at('a')));
    const copied = await lstat(at('copy/a/file'));
    expect(copied.mode & 0o7777).toBe(0o4751);
    expect(copied.mtime).toEqual(time);
    expect((await lstat(at('copy/a/b'))).mtime).toEqual(time);
    expect(copied.ino).toBe((await lstat(at('copy/a/b/hard'))).ino);
    expect((await readFile(at('copy/a/file'))).length).toBe(700_000);
    expect(await readlink(at('copy/a/link'))).toBe('/etc/passwd');
    expect(await readFile(at(`copy/a/b/${'long-'.repeat(45)}name`), 'utf8')).toBe('long');
  });

  it('are those below the root, whatever links say', async () => {
    await mkdir(at('data'));
    await writeFile(at('data/file'), 'inside');
    await symlink('/data', at('absolute'));
    await symlink('../../../..', at('up'));
    await symlink('loop', at('loop'));
    expect(await namesOf('/absolute/file')).toEqual(['file']);
    expect(await namesOf('up/data/file')).toEqual(['file']);
    expect(await namesOf('../../data/../data')).toEqual(['data/', 'data/file']);
    expect(await namesOf('/up')).toEqual(['up']);
    await expect(tarOf('up/outside')).rejects.toMatchObject({ code: 'not-found', reason: 'path' });
    await expect(tarOf('loop/x')).rejects.toMatchObject({ code: 'failed-precondition' });
    await expect(tarOf('data/file/x')).rejects.toMatchObject({ code: 'failed-precondition' });
    expect((await namesOf('/')).slice(0, 2)).toEqual(['./', './absolute']);
  });
});

describe('files that are copied in', () => {
  it('replace what has their name, and merge folders', async () => {
    await mkdir(at('a/kept'), { recursive: true });
    await writeFile(at('a/file'), 'old');
    await symlink('../../outside', at('a/was-link'));
    await put(
      '/',
      { name: 'a/', type: 'directory', mode: 0o711 },
      { name: 'a/file', body: 'new' },
      { name: './a/was-link', body: 'a file now' },
      { name: 'a/new/deep', body: 'made' },
    );
    expect((await readdir(at('a'))).sort()).toEqual(['file', 'kept', 'new', 'was-link']);
    expect(await readFile(at('a/file'), 'utf8')).toBe('new');
    expect(await readFile(at('a/was-link'), 'utf8')).toBe('a file now');
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('secret');
    expect((await lstat(at('a'))).mode & 0o777).toBe(0o711);
  });

  it.each([
    [
      'a link that the archive brings along',
      [
        { name: 'way', type: 'symlink', linkname: '../../..' } as const,
        { name: 'way/outside', body: 'overwritten' },
      ],
    ],
    [
      'an absolute link',
      [
        { name: 'way', type: 'symlink', linkname: '/' } as const,
        { name: 'way/outside', body: 'overwritten' },
      ],
    ],
    [
      'links in links',
      [
        { name: 'one', type: 'symlink', linkname: '..' } as const,
        { name: 'two', type: 'symlink', linkname: 'one/../..' } as const,
        { name: 'two/outside', body: 'overwritten' },
      ],
    ],
  ])('never leave the root by %s', async (_name, entries) => {
    await put('/', ...entries);
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('secret');
    expect(await readFile(at('outside'), 'utf8')).toBe('overwritten');
  });

  it('follow a folder that is a link within the root', async () => {
    await mkdir(at('usr/bin'), { recursive: true });
    await symlink('usr/bin', at('bin'));
    await put('/', { name: 'bin/tool', body: '#!' });
    expect(await readdir(at('usr/bin'))).toEqual(['tool']);
  });

  it.each([
    ['an absolute name', { name: '/etc/passwd', body: 'x' }],
    ['a name with ..', { name: 'a/../../outside', body: 'x' }],
    ['a device', { name: 'null', type: 'character-device' }],
    ['a disk', { name: 'sda', type: 'block-device' }],
    ['a pipe', { name: 'pipe', type: 'fifo' }],
    ['a hard link to what is above', { name: 'hard', type: 'link', linkname: '../outside' }],
    ['a hard link to an absolute name', { name: 'hard', type: 'link', linkname: '/etc/passwd' }],
  ] as const)('are refused with %s', async (_name, entry) => {
    const putting = put('a', entry);
    await expect(putting).rejects.toMatchObject({ code: 'invalid-argument', field: 'source' });
    expect(await readdir(folder)).toEqual(['outside', 'root']);
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('secret');
    expect(await readdir(at('a')).catch(() => [])).toEqual([]);
  });

  it('are not linked to what a link leads to', async () => {
    await symlink(join(folder, 'outside'), at('link'));
    const putting = put('/', { name: 'hard', type: 'link', linkname: 'link' });
    await expect(putting).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('are refused when they are no archive, or cut off', async () => {
    async function* text() {
      yield Buffer.alloc(2048, 'no archive');
    }
    await expect(unpack(root, '/', text(), signal)).rejects.toMatchObject({ field: 'source' });
    async function* cut() {
      const whole = await buffer(bytesOf([{ name: 'a', body: 'x'.repeat(5000) }]));
      yield whole.subarray(0, 3000);
    }
    await expect(unpack(root, '/', cut(), signal)).rejects.toMatchObject({ field: 'source' });
  });

  it('do not take the place of a folder', async () => {
    await mkdir(at('a/b'), { recursive: true });
    await expect(put('/', { name: 'a', body: 'x' })).rejects.toMatchObject({
      code: 'failed-precondition',
    });
    expect(await readdir(at('a'))).toEqual(['b']);
  });

  it('pass a failure of their source on, and end with the signal', async () => {
    async function* failing() {
      yield Buffer.alloc(512);
      throw new Error('unplugged');
    }
    await expect(unpack(root, '/', failing(), signal)).rejects.toThrow('unplugged');
    const controller = new AbortController();
    async function* silent() {
      controller.abort();
      await new Promise(() => {});
      yield Buffer.alloc(1);
    }
    await expect(unpack(root, '/', silent(), controller.signal)).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});
