import type * as fs from 'node:fs/promises';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dockerCredentials } from '../../src/registry/docker-config.js';
import { removeLogin, storeLogin } from '../../src/registry/docker-login.js';

const disk = vi.hoisted(() => ({ full: false }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  const rename = (...args: Parameters<typeof real.rename>) =>
    disk.full ? Promise.reject(new Error('no space left on device')) : real.rename(...args);
  return { ...real, rename };
});

let folder: string;
let path: string;
const me = { username: 'me', password: 'se:cret' };
const found = (host: string) =>
  dockerCredentials(path)(host, { signal: new AbortController().signal });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-login-'));
  path = join(folder, 'docker/config.json');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('a login', () => {
  it('is stored where pulls look for it, for its owner’s eyes only, and forgotten again', async () => {
    expect(await storeLogin('registry.example:5000', me, { path })).toBe(path);
    expect(await storeLogin('docker.io', { ...me, password: 'hub' }, { path })).toBe(path);
    expect(await found('registry.example:5000')).toEqual(me);
    expect(await found('docker.io')).toEqual({ username: 'me', password: 'hub' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await removeLogin('registry.example:5000', { path });
    await removeLogin('registry.example:5000', { path });
    expect(await found('registry.example:5000')).toBeUndefined();
    expect(await found('docker.io')).toMatchObject({ password: 'hub' });
  });

  it('leaves what others have in the file', async () => {
    path = join(folder, 'config.json');
    await writeFile(path, '{"detachKeys":"ctrl-e","auths":{"other":{"auth":"eDp5"}}}');
    await storeLogin('registry.example', me, { path });
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      detachKeys: 'ctrl-e',
      auths: { other: { auth: 'eDp5' } },
    });
  });

  it.each(['there is a file', 'there is none yet'])(
    'is written through a link: %s',
    async (what) => {
      await mkdir(join(folder, 'docker'));
      const [there, target] = [what === 'there is a file', join(folder, 'dotfiles/docker.json')];
      await mkdir(join(folder, 'dotfiles'));
      const { uid: ownUid, gid: ownGid } = await stat(folder);
      const mine = { uid: ownUid, gid: ownGid };
      // Only root may give files away.
      const theirs = ownUid === 0 ? { uid: 1234, gid: 4321 } : mine;
      if (there) {
        await writeFile(target, '{"detachKeys":"ctrl-e"}');
        await chmod(target, 0o640);
        await chown(target, theirs.uid, theirs.gid);
      }
      await symlink('../docker/also.json', path);
      await symlink('../dotfiles/docker.json', join(folder, 'docker/also.json'));
      await storeLogin('registry.example', me, { path });
      expect(await found('registry.example')).toEqual(me);
      expect((await lstat(path)).isSymbolicLink()).toBe(true);
      const { mode, uid, gid } = await lstat(target);
      const owner = there ? theirs : mine;
      expect({ mode: mode & 0o777, uid, gid }).toEqual({ mode: there ? 0o640 : 0o600, ...owner });
      await removeLogin('registry.example', { path });
      expect(JSON.parse(await readFile(target, 'utf8'))).toEqual(
        there ? { detachKeys: 'ctrl-e', auths: {} } : { auths: {} },
      );
      expect(await readdir(join(folder, 'dotfiles'))).toEqual(['docker.json']);
    },
  );

  it.skipIf(process.geteuid?.() !== 0)(
    'is not shown to a group that the file was not of, by who cannot give files away',
    async () => {
      await mkdir(join(folder, 'docker'));
      await writeFile(path, '{}');
      await chmod(path, 0o644);
      for (const one of [folder, join(folder, 'docker')]) await chown(one, 1234, 4321);
      process.seteuid?.(1234);
      try {
        await storeLogin('registry.example', me, { path });
      } finally {
        process.seteuid?.(0);
      }
      const { mode, uid } = await stat(path);
      expect([mode & 0o777, uid]).toEqual([0o600, 1234]);
    },
  );

  it('is refused where links lead in a circle, and leaves nothing', async () => {
    await mkdir(join(folder, 'docker'));
    await symlink('config.json', path);
    const refused = { code: 'failed-precondition', reason: 'docker-config' };
    await expect(storeLogin('a.example', me, { path })).rejects.toMatchObject(refused);
    expect(await readdir(join(folder, 'docker'))).toEqual(['config.json']);
  });

  it('is lost by none of those that are stored at the same time', async () => {
    const hosts = Array.from({ length: 8 }, (_, index) => `registry-${index}.example`);
    await Promise.all(hosts.map((host) => storeLogin(host, { ...me, password: host }, { path })));
    for (const host of hosts) expect(await found(host)).toMatchObject({ password: host });
    expect(await readdir(join(folder, 'docker'))).toEqual(['config.json']);
  });

  it('leaves nothing where it cannot be written', async () => {
    const refused = { code: 'failed-precondition', reason: 'docker-config' };
    await writeFile(join(folder, 'docker'), 'a file');
    await expect(storeLogin('a.example', me, { path })).rejects.toMatchObject(refused);
    await rm(join(folder, 'docker'));
    disk.full = true;
    await expect(storeLogin('a.example', me, { path })).rejects.toMatchObject(refused);
    expect(await readdir(join(folder, 'docker'))).toEqual([]);
    disk.full = false;
    await storeLogin('a.example', me, { path });
    expect(await found('a.example')).toEqual(me);
  });

  it('does not replace a file that it cannot read', async () => {
    path = join(folder, 'config.json');
    await writeFile(path, '{"auths": SECRET');
    const refused = await storeLogin('registry.example', me, { path }).catch(
      (error: Error) => error,
    );
    expect(refused).toMatchObject({ code: 'failed-precondition', reason: 'docker-config' });
    expect(String(refused)).not.toContain('SECRET');
  });

  it('goes to the helper that the file names', async () => {
    path = join(folder, 'config.json');
    await writeFile(path, '{"credsStore":"test"}');
    const store = join(folder, 'stored');
    await writeFile(
      join(folder, 'docker-credential-test'),
      `#!/bin/sh
case "$1" in
store) cat > ${store} ;;
get) test -f ${store} && cat ${store} || { echo "credentials not found"; exit 1; } ;;
erase) rm ${store} 2>/dev/null || { echo "credentials not found"; exit 1; } ;;
esac
`,
    );
    await chmod(join(folder, 'docker-credential-test'), 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    expect(await storeLogin('registry.example', me, { path })).toBe('docker-credential-test');
    expect(await found('registry.example')).toEqual(me);
    await removeLogin('registry.example', { path });
    expect(await found('registry.example')).toBeUndefined();
    await removeLogin('registry.example', { path });
  });

  it('is refused by a helper that is not there, and not kept elsewhere', async () => {
    path = join(folder, 'config.json');
    await writeFile(path, '{"credHelpers":{"registry.example":"no-such"}}');
    const refused = { code: 'failed-precondition', reason: 'credential-helper' };
    await expect(storeLogin('registry.example', me, { path })).rejects.toMatchObject(refused);
    await expect(removeLogin('registry.example', { path })).rejects.toMatchObject(refused);
    expect(await readFile(path, 'utf8')).not.toContain('auths');
  });

  it('is forgotten by all the names that a pull would find it by', async () => {
    path = join(folder, 'config.json');
    const names = ['https://a.example/v1/', 'http://a.example', 'a.example/v2', 'b.example'];
    const auths = Object.fromEntries(names.map((name) => [name, { auth: 'eDp5' }]));
    await writeFile(path, JSON.stringify({ auths }));
    await removeLogin('a.example', { path });
    expect(JSON.parse(await readFile(path, 'utf8')).auths).toEqual({
      'b.example': { auth: 'eDp5' },
    });
    expect(await found('a.example')).toBeUndefined();
  });

  it('is forgotten by all the names of Docker Hub', async () => {
    path = join(folder, 'config.json');
    await writeFile(path, '{"auths":{"docker.io":{"auth":"eDp5"},"other":{"auth":"eDp5"}}}');
    await storeLogin('registry-1.docker.io', me, { path });
    await removeLogin('docker.io', { path });
    expect(JSON.parse(await readFile(path, 'utf8')).auths).toEqual({ other: { auth: 'eDp5' } });
  });
});
