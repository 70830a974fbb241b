import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerCredentials } from '@ctrd/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { registryKey, removeLogin, storeLogin } from '../src/login/docker-config.js';

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
    expect(await storeLogin('registry.example:5000', me, path)).toBe(path);
    expect(await storeLogin('docker.io', { ...me, password: 'hub' }, path)).toBe(path);
    expect(await found('registry.example:5000')).toEqual(me);
    expect(await found('docker.io')).toEqual({ username: 'me', password: 'hub' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await removeLogin('registry.example:5000', path)).toBe(true);
    expect(await removeLogin('registry.example:5000', path)).toBe(false);
    expect(await found('registry.example:5000')).toBeUndefined();
    expect(await found('docker.io')).toMatchObject({ password: 'hub' });
  });

  it('leaves what others have in the file', async () => {
    path = join(folder, 'config.json');
    await writeFile(path, '{"detachKeys":"ctrl-e","auths":{"other":{"auth":"eDp5"}}}');
    await storeLogin('registry.example', me, path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      detachKeys: 'ctrl-e',
      auths: { other: { auth: 'eDp5' } },
    });
  });

  it('does not replace a file that it cannot read', async () => {
    path = join(folder, 'config.json');
    await writeFile(path, '{"auths": SECRET');
    const refused = await storeLogin('registry.example', me, path).catch((error: Error) => error);
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
erase) rm ${store} ;;
esac
`,
    );
    await chmod(join(folder, 'docker-credential-test'), 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    expect(await storeLogin('registry.example', me, path)).toBe('docker-credential-test');
    expect(await found('registry.example')).toEqual(me);
    expect(await removeLogin('registry.example', path)).toBe(true);
    expect(await removeLogin('registry.example', path)).toBe(false);
  });

  it('names Docker Hub as Docker does', () => {
    for (const host of ['docker.io', 'index.docker.io', 'https://index.docker.io/v1/', '']) {
      expect(registryKey(host)).toBe('https://index.docker.io/v1/');
    }
    expect(registryKey('https://registry.example/v2/')).toBe('registry.example');
  });
});
