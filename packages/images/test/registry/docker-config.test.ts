import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CtrdError } from '@ctrd/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dockerCredentials } from '../../src/registry/docker-config.js';

const { signal } = new AbortController();
const base64 = (text: string) => Buffer.from(text).toString('base64');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-login-'));
  const helper = async (name: string, script: string) => {
    const path = join(folder, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\nread server\n${script}\n`);
    await chmod(path, 0o755);
  };
  await helper('good', 'echo "{\\"Username\\": \\"$server\\", \\"Secret\\": \\"s\\"}"');
  await helper('token', 'echo \'{"Username": "<token>", "Secret": "refresh"}\'');
  await helper('none', 'echo "credentials not found in native keychain"; exit 1');
  await helper('bad', 'exit 3');
  await helper('noise', 'echo nonsense');
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function find(config: unknown, host: string) {
  const path = join(folder, 'config.json');
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return await dockerCredentials(path)(host, { signal });
}

describe("docker's config", () => {
  const login = { username: 'me', password: 'a:b' };

  it.each([
    ['auth', { auth: base64('me:a:b') }, login],
    ['padded auth', { auth: base64('me:a:b\0\0') }, login],
    ['username and password', { username: 'me', password: 'a:b' }, login],
    ['a refresh token', { auth: base64('me:'), identitytoken: 'r' }, { identityToken: 'r' }],
    ['a registry token', { registrytoken: 't' }, { registryToken: 't' }],
    ['nothing', {}, undefined],
    ['half of it', { auth: base64('me') }, undefined],
  ])('has %s', async (_, entry, credentials) => {
    expect(await find({ auths: { 'a.example:5000': entry } }, 'a.example:5000')).toEqual(
      credentials,
    );
  });

  it.each([
    ['https://index.docker.io/v1/', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['https://a.example/v2/', 'a.example'],
    ['http://a.example', 'a.example'],
  ])('%s is for %s', async (key, host) => {
    expect(await find({ auths: { [key]: login } }, host)).toEqual(login);
  });

  it.each(['a.example:443', 'example', 'b.a.example', 'constructor', '__proto__'])(
    'has nothing for %s',
    async (host) => {
      expect(await find({ auths: { 'a.example': login } }, host)).toBeUndefined();
    },
  );

  it('asks the helper of the host, else the store', async () => {
    const config = { credHelpers: { 'a.example': 'token' }, credsStore: 'good' };
    expect(await find(config, 'a.example')).toEqual({ identityToken: 'refresh' });
    expect(await find(config, 'b.example')).toEqual({ username: 'b.example', password: 's' });
    expect(await find(config, 'docker.io')).toMatchObject({
      username: 'https://index.docker.io/v1/',
    });
  });

  it('falls back to the file where the helper knows nothing or is not there', async () => {
    for (const credsStore of ['none', 'missing']) {
      expect(await find({ credsStore, auths: { 'a.example': login } }, 'a.example')).toEqual(login);
    }
  });

  it.each(['bad', 'noise', '../sh', 'a b'])('tells of the broken helper %s', async (credsStore) => {
    await expect(find({ credsStore }, 'a.example')).rejects.toMatchObject({
      ...{ code: 'failed-precondition', reason: 'credential-helper' },
    });
  });

  it('is not needed, and never shown', async () => {
    expect(await dockerCredentials(join(folder, 'none'))('a.example', { signal })).toBeUndefined();
    const error = await find('{"auths": {"a": {"auth": "c2VjcmV0"', 'a').catch((e: unknown) => e);
    expect(error).toMatchObject({ reason: 'docker-config' });
    expect(`${error} ${JSON.stringify(error)}`).not.toContain('c2VjcmV0');
  });

  it('throws nothing but its own error, whatever the file says', async () => {
    const key = fc.constantFrom('auths', 'credHelpers', 'credsStore', 'a.example', 'auth');
    const value = fc.letrec((tie) => ({
      any: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.dictionary(key, tie('any'), { maxKeys: 3 })),
    })).any;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value), async (config) => {
        try {
          await find(config, 'a.example');
        } catch (error) {
          expect(error).toBeInstanceOf(CtrdError);
        }
      }),
      { numRuns: 200 },
    );
  });
});
