import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changesOf } from '../src/diff/changes.js';

let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'ctrd-changes-'));
  await mkdir(join(parent, 'etc'));
  await writeFile(join(parent, 'etc/passwd'), '');
  await symlink('/', join(parent, 'link'));
});
afterAll(() => rm(parent, { recursive: true }));

async function* layerOf(...names: readonly string[]) {
  yield await packTar(
    names.map((name) =>
      name.endsWith('/')
        ? { header: { name, size: 0, type: 'directory' as const } }
        : { header: { name, size: 1 }, body: 'x' },
    ),
  );
}

describe('what a layer changes', () => {
  it.each([
    ['a file that was there', 'etc/passwd', 'C/etc/passwd'],
    ['a file that was not', './etc/shadow', 'A/etc/shadow'],
    ['a folder that was there', 'etc/', 'C/etc'],
    ['a file that is gone', 'etc/.wh.passwd', 'D/etc/passwd'],
    ['a folder that is replaced', 'etc/.wh..wh..opq', 'C/etc'],
    ['a file in what was a link out of the image', 'link/etc/passwd', 'A/link/etc/passwd'],
  ])('is %s', async (_what, name, expected) => {
    const changes = await changesOf(layerOf(name), parent);
    expect(changes.map(({ kind, path }) => `${kind}${path}`)).toEqual([expected]);
  });

  it('is everything where there was nothing, in order', async () => {
    const changes = await changesOf(layerOf('b', 'a/', 'a/c'), undefined);
    expect(changes.map(({ kind, path }) => `${kind}${path}`)).toEqual(['A/a', 'A/a/c', 'A/b']);
  });
});
