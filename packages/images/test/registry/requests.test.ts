import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@ctrd/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Mischief,
  type TestRegistry,
  testRegistry,
} from '../../../../tools/test-registry/index.js';
import { readLimited } from '../../src/registry/read-limited.js';
import { createRegistries, type Registries } from '../../src/registry/registries.js';
import type { RegistryOptions } from '../../src/registry/registry-options.js';

const { signal } = new AbortController();
setMaxListeners(0, signal);
const scopes = ['repository:box:pull'];
const blob = Buffer.from('the content of a blob');
const open: (Disposable | AsyncDisposable)[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
    else one[Symbol.dispose]();
  }
});

async function registry(mischief?: Mischief): Promise<TestRegistry> {
  const server = await testRegistry(mischief === undefined ? {} : { mischief });
  open.push(server);
  server.addBlob(blob, 'sha256:b');
  return server;
}

function registries(options: RegistryOptions = {}): Registries {
  const made = createRegistries({
    ...{ credentials: () => undefined, proxy: false, hostsFolders: [], retryDelayMs: 1 },
    ...options,
  });
  open.push(made);
  return made;
}

async function get(
  { host }: TestRegistry,
  options: RegistryOptions & { as?: { username: string; password: string } } = {},
): Promise<string> {
  const { as: credentials, ...rest } = options;
  const one = await registries(rest).open({ domain: host, path: 'box' }, { credentials, signal });
  const answer = await one.request('pull', {
    ...{ method: 'GET', path: 'box/blobs/sha256:b', scopes, accept: [200], signal },
  });
  return Buffer.from(await readLimited(answer.body, 1 << 20, 'the blob')).toString();
}

/** Answers the first requests from a list of statuses, with headers. */
function first(...answers: readonly [number, Record<string, string>?][]): Mischief {
  const left = [...answers];
  return (_, response) => {
    const next = left.shift();
    if (next === undefined) return false;
    response.writeHead(next[0], next[1]).end();
    return true;
  };
}

describe('a request', () => {
  it('gets what the registry has', async () => {
    const server = await registry();
    expect(await get(server)).toBe(blob.toString());
    expect(server.requests).toMatchObject([{ url: '/v2/box/blobs/sha256:b' }]);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each([408, 429, 500, 502, 503, 504])('is sent again after %d', async (status) => {
    const server = await registry(first([status], [status]));
    expect(await get(server)).toBe(blob.toString());
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    [400, 'unknown'],
    [401, 'unauthenticated'],
    [403, 'permission-denied'],
    [404, 'not-found'],
    [405, 'unknown'],
  ])('is not sent again after %d', async (status, code) => {
    const server = await registry(first([status], [status]));
    await expect(get(server)).rejects.toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
  });

  it('gives up after as many attempts as it may make', async () => {
    const server = await registry(
      first(...Array.from({ length: 9 }, () => [429] as const).map((a) => [...a] as [number])),
    );
    await expect(get(server, { attempts: 3 })).rejects.toMatchObject({ code: 'rate-limited' });
    expect(server.requests).toHaveLength(3);
  });

  it('waits as long as the registry asks, unless that is too long', async () => {
    const patient = await registry(first([429, { 'retry-after': '1' }]));
    const start = performance.now();
    expect(await get(patient)).toBe(blob.toString());
    expect(performance.now() - start).toBeGreaterThan(990);
    const greedy = await registry(first([429, { 'retry-after': '86400' }]));
    await expect(get(greedy)).rejects.toMatchObject({ code: 'rate-limited' });
    expect(greedy.requests).toHaveLength(1);
  });

  it('is sent again when the connection breaks', async () => {
    let broken = 0;
    const server = await registry((request) => {
      if (broken++ > 1) return false;
      request.socket.destroy();
      return true;
    });
    expect(await get(server)).toBe(blob.toString());
  });

  it('fails with the words of the registry, made harmless', async () => {
    const server = await registry((_, response) => {
      const message = `no\u001b[31m\n${'x'.repeat(1000)}`;
      response.writeHead(403).end(JSON.stringify({ errors: [{ code: 'DENIED', message }] }));
      return true;
    });
    const error = await get(server).catch((thrown: unknown) => thrown);
    expect(hasCode(error, 'permission-denied')).toBe(true);
    expect(String(error)).toMatch(/answered 403: DENIED no \[31m x+/);
    expect(String(error).length).toBeLessThan(500);
  });

  it('fails when no byte comes, at once and in the middle', async () => {
    const mute = await registry(() => true);
    await expect(get(mute, { idleTimeoutMs: 50 })).rejects.toMatchObject({
      ...{ code: 'timeout', reason: 'idle' },
    });
    expect(mute.requests).toHaveLength(2);
    const stalled = await registry((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('some');
      return true;
    });
    await expect(get(stalled, { idleTimeoutMs: 50 })).rejects.toMatchObject({ reason: 'idle' });
  });

  it('goes on while bytes come, however slowly, and however slowly they are read', async () => {
    const server = await registry(async (_, response) => {
      response.writeHead(200, { 'content-length': '5' });
      for (let count = 0; count < 5; count++) {
        await sleep(60);
        response.write('x');
      }
      response.end();
      return true;
    });
    expect(await get(server, { idleTimeoutMs: 250 })).toBe('xxxxx');
    const quick = await registry();
    const one = await registries({ idleTimeoutMs: 30 }).open(
      { domain: quick.host, path: 'box' },
      { signal },
    );
    const answer = await one.request('pull', {
      ...{ method: 'GET', path: 'box/blobs/sha256:b', scopes, accept: [200], signal },
    });
    let text = '';
    for await (const part of answer.body) {
      await sleep(100);
      text += Buffer.from(part);
    }
    expect(text).toBe(blob.toString());
  });

  it('fails when the body is cut off', async () => {
    const server = await registry((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('some', () => response.destroy());
      return true;
    });
    await expect(get(server)).rejects.toMatchObject({ code: 'unavailable', reason: 'dropped' });
  });

  it('refuses huge headers', async () => {
    const server = await registry(
      first(
        ...Array.from(
          { length: 5 },
          () => [200, { x: 'y'.repeat(20_000) }] as [number, Record<string, string>],
        ),
      ),
    );
    await expect(get(server)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('ends with its signal', async () => {
    const server = await registry(() => true);
    const one = await registries().open({ domain: server.host, path: 'box' }, { signal });
    const controller = new AbortController();
    const request = one.request('pull', {
      ...{ method: 'GET', path: 'box/blobs/sha256:b', scopes, accept: [200] },
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 30);
    await expect(request).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('redirects', () => {
  const as = { username: 'me', password: 'secret' };
  const challenge: Mischief = (request, response) => {
    if (request.headers.authorization !== undefined) return false;
    response.writeHead(401, { 'www-authenticate': 'Basic realm="box"' }).end();
    return true;
  };

  it('carry no credentials to another host', async () => {
    const store = await registry();
    const server = await registry(async (request, response) => {
      if (await challenge(request, response)) return true;
      response.writeHead(307, { location: `http://${store.host}/v2/any/blobs/sha256:b` }).end();
      return true;
    });
    expect(await get(server, { as })).toBe(blob.toString());
    expect(server.requests).toHaveLength(2);
    expect(store.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('end', async () => {
    const server = await registry((request, response) => {
      response.writeHead(302, { location: `${request.url}x` }).end();
      return true;
    });
    await expect(get(server)).rejects.toMatchObject({ reason: 'redirect' });
    expect(server.requests).toHaveLength(6);
  });

  it.each([undefined, 'file:///etc/shadow', 'http://['])('to %s are refused', async (location) => {
    const server = await registry((_, response) => {
      response.writeHead(302, location === undefined ? {} : { location }).end();
      return true;
    });
    await expect(get(server)).rejects.toMatchObject({ reason: 'redirect' });
  });

  it('do not show credentials to a host that asks for them', async () => {
    const thief = await registry((_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="box"' }).end();
      return true;
    });
    const server = await registry((_, response) => {
      response.writeHead(307, { location: `http://${thief.host}/` }).end();
      return true;
    });
    await expect(get(server, { as })).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(thief.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe('authentication', () => {
  const as = { username: 'me', password: 'secret' };
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;

  /** Wants tokens from a path of the same server; each token serves some requests. */
  function tokens(realm: (host: string) => string, uses = Number.POSITIVE_INFINITY): Mischief {
    let made = 0;
    const left = new Map<string, number>();
    return (request, response) => {
      if (request.url?.startsWith('/token') === true) {
        const token = `t${made++}`;
        left.set(`Bearer ${token}`, uses);
        response.end(JSON.stringify({ token, expires_in: 300 }));
        return true;
      }
      const { authorization = '', host = '' } = request.headers;
      const rest = left.get(authorization) ?? 0;
      left.set(authorization, rest - 1);
      if (rest > 0) return false;
      const header = `Bearer realm="${realm(host)}",service="box",scope="repository:box:pull"`;
      response.writeHead(401, { 'www-authenticate': header }).end();
      return true;
    };
  }

  it('asks for a token of the scope, with the password', async () => {
    const server = await registry(tokens((host) => `http://${host}/token`));
    expect(await get(server, { as })).toBe(blob.toString());
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/v2/box/blobs/sha256:b',
      '/token?service=box&scope=repository%3Abox%3Apull',
      '/v2/box/blobs/sha256:b',
    ]);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      ...[undefined, basic, 'Bearer t0'],
    ]);
  });

  it('shares one token among many requests, and replaces one that has run out once', async () => {
    const server = await registry(tokens((host) => `http://${host}/token`, 20));
    const one = await registries().open({ domain: server.host, path: 'box' }, { signal });
    const request = async () => {
      const answer = await one.request('pull', {
        ...{ method: 'GET', path: 'box/blobs/sha256:b', scopes, accept: [200], signal },
      });
      answer.discard();
    };
    await Promise.all(Array.from({ length: 20 }, request));
    const asked = () => server.requests.filter(({ url }) => url.startsWith('/token')).length;
    expect(asked()).toBe(1);
    await Promise.all(Array.from({ length: 20 }, request));
    expect(asked()).toBe(2);
  });

  it('ends when the token is never good enough', async () => {
    const server = await registry(tokens((host) => `http://${host}/token`, 0));
    await expect(get(server, { as })).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(server.requests.length).toBeLessThan(8);
  });

  it('ends when the password is wrong', async () => {
    const server = await registry((_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="box"' }).end();
      return true;
    });
    await expect(get(server, { as })).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(server.requests).toHaveLength(2);
  });

  it('never shows the password to a token server elsewhere', async () => {
    const thief = await registry();
    for (const realm of [
      'http://other.example/token',
      'https://other.example/token',
      'file:///x',
    ]) {
      const server = await registry(tokens(() => realm));
      await expect(get(server, { as })).rejects.toMatchObject({ reason: 'realm' });
    }
    expect(thief.requests).toEqual([]);
  });

  it('shows it to the token server that the host of the program allows', async () => {
    const elsewhere = await registry((request, response) => {
      response.end(JSON.stringify({ access_token: 'abc' }));
      return request.url !== undefined;
    });
    const realm = `http://${elsewhere.host.replace('127.0.0.1', 'localhost')}`;
    const wants: Mischief = (request, response) => {
      if (request.headers.authorization === 'Bearer abc') return false;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}/token"` }).end();
      return true;
    };
    await expect(get(await registry(wants), { as })).rejects.toMatchObject({ reason: 'realm' });
    const authRealms = [new URL(realm).host];
    expect(await get(await registry(wants), { as, authRealms })).toBe(blob.toString());
    expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([basic]);
  });

  it('refuses huge tokens, and those that would break a header', async () => {
    for (const token of ['x'.repeat(100_000), 'a b', 'a\r\nb', 7, undefined]) {
      const server = await registry((request, response) => {
        if (request.url?.startsWith('/token') === true) response.end(JSON.stringify({ token }));
        else {
          const realm = `http://${request.headers.host}/token`;
          response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
        }
        return true;
      });
      const error = await get(server).catch((thrown: unknown) => thrown);
      expect(hasCode(error, 'unauthenticated', 'too-large')).toBe(true);
    }
  });

  it('refuses a way it does not know', async () => {
    const server = await registry(first([401, { 'www-authenticate': 'Negotiate' }]));
    await expect(get(server, { as })).rejects.toMatchObject({ reason: 'scheme' });
  });
});

describe('several hosts', () => {
  const domain = 'registry.example';
  const at = (server: TestRegistry, ...capabilities: ('pull' | 'resolve' | 'push')[]) => ({
    base: new URL(`http://${server.host}/v2/`),
    capabilities: new Set(capabilities),
  });

  it('asks them in order, tells mirrors what is meant, and falls back', async () => {
    const broken = await registry(first(...Array.from({ length: 9 }, () => [500] as [number])));
    const good = await registry();
    const one = await registries({
      hosts: () => [at(broken, 'pull'), at(good, 'pull', 'resolve')],
      attempts: 2,
    }).open({ domain, path: 'box' }, { signal });
    const request = {
      method: 'GET',
      path: 'box/blobs/sha256:b',
      scopes,
      accept: [200],
      signal,
    } as const;
    (await one.request('pull', request)).discard();
    expect(broken.requests.map(({ url }) => url)).toEqual(
      Array.from({ length: 2 }, () => `/v2/box/blobs/sha256:b?ns=${domain}`),
    );
    (await one.request('resolve', request)).discard();
    expect(good.requests).toHaveLength(2);
    await expect(one.request('push', request)).rejects.toMatchObject({ reason: 'hosts' });
  });

  it('never shows a mirror the credentials of the registry', async () => {
    const mirror = await registry((request, response) => {
      if (request.headers.authorization !== undefined) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="box"' }).end();
      return true;
    });
    const asked: string[] = [];
    const one = await registries({
      hosts: () => [at(mirror, 'pull')],
      credentials: (host) => {
        asked.push(host);
        return undefined;
      },
    }).open(
      { domain, path: 'box' },
      { credentials: { username: 'me', password: 'secret' }, signal },
    );
    await expect(
      one.request('pull', {
        ...{ method: 'GET', path: 'box/blobs/sha256:b', scopes, accept: [200], signal },
      }),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(asked).toEqual([mirror.host]);
    expect(mirror.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('says what the one that answered said, not that another was silent', async () => {
    const denying = await registry(first([403]));
    const one = await registries({
      hosts: () => [
        at(denying, 'pull'),
        { base: new URL('http://127.0.0.1:1/v2/'), capabilities: new Set(['pull']) },
      ],
    }).open({ domain, path: 'box' }, { signal });
    await expect(
      one.request('pull', {
        ...{ method: 'GET', path: 'box/blobs/sha256:b', scopes, accept: [200], signal },
      }),
    ).rejects.toMatchObject({ code: 'permission-denied' });
  });
});
