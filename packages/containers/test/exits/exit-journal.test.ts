import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExitJournal } from '../../src/exits/exit-journal.js';

let runtimeDir: string;

beforeEach(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-journal-'));
});
afterEach(() => rm(runtimeDir, { recursive: true, force: true }));

const open = (address = '/a.sock', namespace = 'n') =>
  createExitJournal(() => ({ runtimeDir, address, namespace }), { id: 'me' });
const exit = { containerId: 'c', execId: '', exitCode: 42, exitedAt: new Date(1_700_000_000_123) };

describe('the journal of exits', () => {
  it('keeps an exit for the next life of its host, until it is forgotten', async () => {
    await open().write(exit);
    expect(await open().find({ containerId: 'c', execId: '' })).toEqual({
      ...{ key: { containerId: 'c', execId: '' }, owner: 'me', since: exit.exitedAt },
      ...{ pipes: undefined, exit },
    });
    await open().forget(exit);
    expect(await open().find(exit)).toBeUndefined();
    await open().forget(exit);
  });

  it('keeps that a process is watched, and where its pipes are', async () => {
    const key = { containerId: 'c', execId: 'e' };
    await open().begin(key, '/run/io-1');
    const since = expect.any(Date);
    expect(await open().list()).toEqual([
      { key, owner: 'me', since, pipes: '/run/io-1', exit: undefined },
    ]);
    await open().write({ ...exit, execId: 'e' });
    expect(await open().find(key)).toMatchObject({ pipes: '/run/io-1', exit: { exitCode: 42 } });
    await open().forget(key);
    expect(await open().list()).toEqual([]);
  });

  it('answers what it knew of a container that it forgets, and of no other', async () => {
    await open().begin({ containerId: 'c', execId: 'e' }, '/run/io-1');
    await open().write(exit);
    await open().begin({ containerId: 'cc', execId: '' }, '/run/io-2');
    const known = (await open().forgetContainer('c')).map(({ pipes }) => pipes);
    expect(known.sort()).toEqual(['/run/io-1', undefined]);
    expect(await open().forgetContainer('c')).toEqual([]);
    expect(await open().list()).toMatchObject([{ key: { containerId: 'cc', execId: '' } }]);
  });

  it('that cannot be read does not pass for an empty one', async () => {
    await writeFile(join(runtimeDir, 'exits'), 'no folder');
    await expect(open().list()).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('tells processes, namespaces and daemons apart', async () => {
    await open().write(exit);
    await open().write({ ...exit, execId: 'e', exitCode: 1 });
    expect((await open().list()).map(({ exit }) => exit?.exitCode).sort()).toEqual([1, 42]);
    expect(await open('/b.sock').find(exit)).toBeUndefined();
    expect(await open('/a.sock', 'm').find(exit)).toBeUndefined();
    expect(await open('/b.sock').list()).toEqual([]);
  });

  it('leaves no empty folder when its client ends, and goes on where another one’s end took it', async () => {
    const lasting = open();
    await lasting.write(exit);
    await open('/b.sock').begin({ containerId: 'killed', execId: '' }, undefined);
    await open('/b.sock').forgetContainer('killed');
    await open('/c.sock')[Symbol.asyncDispose]();
    expect(await readdir(join(runtimeDir, 'exits'))).toHaveLength(1);
    await lasting.forget(exit);
    await open()[Symbol.asyncDispose]();
    expect(await readdir(join(runtimeDir, 'exits'))).toEqual([]);
    await lasting.begin({ containerId: 'c', execId: '' }, undefined);
    expect(await lasting.list()).toHaveLength(1);
  });

  it('is for its user alone, and leaves no drafts', async () => {
    await open().write(exit);
    const [name] = await readdir(join(runtimeDir, 'exits'));
    const folder = join(runtimeDir, 'exits', String(name));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(['c~~exit']);
  });

  it.each(['', '{', 'null', '{}', '{"containerId":"c","execId":"","exitCode":"0","exitedAt":0}'])(
    'takes no word from a file of %j',
    async (content) => {
      await open().write(exit);
      const [name] = await readdir(join(runtimeDir, 'exits'));
      await writeFile(join(runtimeDir, 'exits', String(name), 'c~~exit'), content);
      expect(await open().find(exit)).toBeUndefined();
      expect(await open().list()).toEqual([]);
    },
  );

  it('fails where it cannot write', async () => {
    await mkdir(join(runtimeDir, 'exits'));
    await rm(join(runtimeDir, 'exits'), { recursive: true });
    await writeFile(join(runtimeDir, 'exits'), '');
    await expect(open().write(exit)).rejects.toThrow();
  });
});
