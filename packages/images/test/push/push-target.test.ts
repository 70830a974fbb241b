import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uploadBlob } from '../../src/push/blob-upload.js';
import { pushTarget } from '../../src/push/push-target.js';
import { createRegistries } from '../../src/registry/registries.js';
import type { RegistryOptions } from '../../src/registry/registry-options.js';
import { type UploadRegistry, uploadRegistry } from '../support/upload-registry.js';

const content = randomBytes(1000);
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
const blob = { mediaType: 'application/x', digest, size: content.length };
const { signal } = new AbortController();

let registry: UploadRegistry;
/** Scopes that tokens were asked for, each once. */
let scopes: string[];

beforeEach(async () => {
  registry = await uploadRegistry();
  scopes = [];
  registry.mischief = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://registry');
    if (pathname === '/token') {
      scopes.push(searchParams.getAll('scope').join(' '));
      response.end(JSON.stringify({ token: 'secret' }));
      return true;
    }
    if (request.headers.authorization !== undefined) return false;
    const challenge = `Bearer realm="http://${registry.host}/token",service="s"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end();
    return true;
  };
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
});

async function upload(mountFrom: string | undefined, options: RegistryOptions = {}) {
  using registries = createRegistries({ credentials: () => undefined, ...options });
  const place = { domain: registry.host, path: 'team/app' };
  const target = pushTarget(await registries.open(place, { signal }));
  return await uploadBlob(target, {
    ...{ blob, signal, mountFrom, chunkBytes: undefined, onOffset: () => {} },
    async *read(from, to) {
      yield content.subarray(from, to);
    },
  });
}

describe('what a registry is asked to allow', () => {
  it('is to push to the repository, and nothing else', async () => {
    expect(await upload(undefined)).toBe('uploaded');
    expect(scopes).toEqual(['repository:team/app:pull,push']);
  });

  it('is to read the repository that is mounted from as well', async () => {
    registry.blobs.set(digest, content);
    expect(await upload('team/base')).toBe('mounted');
    expect(scopes).toEqual(['repository:team/app:pull,push repository:team/base:pull']);
  });
});

describe('the host that is pushed to', () => {
  it('is one that takes pushes, never a mirror', async () => {
    await using mirror = await uploadRegistry();
    await upload(undefined, { mirrors: { [registry.host]: [`http://${mirror.host}`] } });
    expect(mirror.requests).toEqual([]);
    expect(registry.blobs.has(digest)).toBe(true);
  });

  it('is none when no host does', async () => {
    const base = new URL(`http://${registry.host}/v2/`);
    const hosts = () => [{ base, capabilities: new Set(['pull', 'resolve'] as const) }];
    await expect(upload(undefined, { hosts })).rejects.toMatchObject({
      ...{ code: 'failed-precondition', reason: 'hosts' },
    });
    expect(registry.requests).toEqual([]);
  });
});
