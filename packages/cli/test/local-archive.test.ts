import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localArchive, unreadable } from '../src/local-archive.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-local-archive-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('an archive of local files', () => {
  it('has them under the name that is given', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'content');
    const archive = await buffer(localArchive(path, 'other'));
    expect(archive.toString('latin1', 0, 6)).toBe('other\0');
    expect(archive.toString('latin1', 512, 519)).toBe('content');
  });

  it.each(['none', 'file/none'])('fails when it is read, not before: %s', async (name) => {
    await writeFile(join(folder, 'file'), '');
    const path = join(folder, name);
    const archive = localArchive(path, 'x');
    // An error that nobody listens for would end the process in this time.
    await sleep(20);
    await expect(buffer(archive)).rejects.toMatchObject({ code: 'not-found', subject: path });
  });

  it('fails when something vanishes while it is packed', async () => {
    const path = join(folder, 'many');
    await mkdir(path);
    for (let made = 0; made < 40; made += 1) {
      await writeFile(join(path, `${made}`), '');
      // More than is packed ahead, and no room on the disk.
      await truncate(join(path, `${made}`), 16_000_000);
    }
    const archive = localArchive(path, 'many');
    await archive.next();
    for (const name of await readdir(path)) await rm(join(path, name));
    await sleep(20);
    await expect(
      (async () => {
        for await (const _ of archive);
      })(),
    ).rejects.toMatchObject({ code: 'not-found', subject: path });
  });

  it('says what may not be read', () => {
    const cause = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    expect(unreadable('/secret', cause)).toMatchObject({
      ...{ code: 'permission-denied', subject: '/secret', cause },
    });
  });
});
