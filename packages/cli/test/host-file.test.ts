import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cp } from '../src/commands/cp.js';
import type { Context } from '../src/context.js';
import { writeHostFile } from '../src/host-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-host-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

const { signal } = new AbortController();

async function* bytes() {
  yield Buffer.from('made ');
  yield Buffer.from('whole');
}

async function* broken() {
  yield Buffer.from('half');
  throw new Error('no more');
}

describe('a file that is written', () => {
  it('takes the place of another only when it is whole', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'before');
    await expect(writeHostFile(path, broken(), signal)).rejects.toThrow('no more');
    expect(await readFile(path, 'utf8')).toBe('before');
    await writeHostFile(path, bytes(), signal);
    expect(await readFile(path, 'utf8')).toBe('made whole');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('is what a link leads to, also when it is not there yet', async () => {
    await mkdir(join(folder, 'deep/deeper'), { recursive: true });
    await symlink('deep/deeper', join(folder, 'short'));
    // From where the folder is, not from where its link is.
    await symlink('../target', join(folder, 'deep/deeper/second'));
    await symlink('short/second', join(folder, 'first'));
    for (const _ of ['new', 'there']) {
      await writeHostFile(join(folder, 'first'), bytes(), signal);
      expect(await readFile(join(folder, 'deep/target'), 'utf8')).toBe('made whole');
    }
    for (const link of ['first', 'deep/deeper/second']) {
      expect((await lstat(join(folder, link))).isSymbolicLink()).toBe(true);
    }
    expect((await readdir(join(folder, 'deep'))).sort()).toEqual(['deeper', 'target']);
  });

  it('may be a pipe, which stays one', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const read = readFile(pipe, 'utf8');
    await writeHostFile(pipe, bytes(), signal);
    expect(await read).toBe('made whole');
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(['pipe']);
  });
});

describe('cp', () => {
  /** Nothing is asked of the daemon. */
  const context = {} as Context;

  it('puts nothing in the place of a pipe or a device, also behind a link', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await symlink('pipe', join(folder, 'link'));
    for (const target of [pipe, join(folder, 'link')]) {
      await expect(cp(['c:/file', target], {}, context)).rejects.toMatchObject({
        ...{ code: 'invalid-argument', field: 'target' },
        message: expect.stringContaining(`${target} is not a regular file or a folder`),
      });
    }
  });

  it('names what is not there', async () => {
    const path = join(folder, 'none');
    await expect(cp([path, 'c:/tmp'], {}, context)).rejects.toMatchObject({
      ...{ code: 'not-found', subject: path },
    });
  });
});
