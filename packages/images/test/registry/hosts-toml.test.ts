import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CtrdError } from '@ctrd/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostsFromFolders } from '../../src/registry/hosts-folder.js';
import { parseHostsToml } from '../../src/registry/hosts-toml.js';
import { isOrigin, originHost } from '../../src/registry/registry-host.js';

const { signal } = new AbortController();

describe('hosts.toml', () => {
  it('is read with all that it may say', () => {
    const file = parseHostsToml(
      `
      server = "https://registry-1.docker.io"
      ca = "root.pem"
      [host."https://mirror.example:8443"]
        capabilities = ["pull", "resolve", "referrers"]
        ca = ["/etc/a.pem", "b.pem"]
        client = [["c.pem", "c.key"], ["d.pem", ""]]
        [host."https://mirror.example:8443".header]
          X-One = "1"
          x-two = ["a", "b"]
      [host."http://plain.example/some/path"]
        skip_verify = true
        dial_timeout = "5s"
      [host."https://whole.example/all/of/it/"]
        override_path = true
        client = "both.pem"
      [host."bare.example/v2"]
        capabilities = []
      `,
      '/certs/docker.io',
    );
    expect(file.mirrors.map(({ base }) => base.href)).toEqual([
      'https://mirror.example:8443/v2/',
      'http://plain.example/some/path/v2/',
      'https://whole.example/all/of/it/',
      'https://bare.example/v2/',
    ]);
    const [first, plain, whole, bare] = file.mirrors;
    expect([...(first?.capabilities ?? [])]).toEqual(['pull', 'resolve']);
    expect(first).toMatchObject({
      headers: { 'x-one': '1', 'x-two': 'a, b' },
      ca: ['/etc/a.pem', '/certs/docker.io/b.pem'],
      client: [
        { cert: '/certs/docker.io/c.pem', key: '/certs/docker.io/c.key' },
        { cert: '/certs/docker.io/d.pem', key: '/certs/docker.io/d.pem' },
      ],
      skipVerify: false,
    });
    expect(plain?.skipVerify).toBe(true);
    expect([...(plain?.capabilities ?? [])]).toEqual(['resolve', 'pull', 'push']);
    expect(whole?.client).toEqual([
      { cert: '/certs/docker.io/both.pem', key: '/certs/docker.io/both.pem' },
    ]);
    expect(bare?.capabilities.size).toBe(0);
    expect(file.server).toMatchObject({ ca: ['/certs/docker.io/root.pem'] });
  });

  it.each([
    ['not = [toml', /is not TOML/],
    ['server = 5', /"server" must be a URL/],
    ['host = "x"', /"host" must be a table/],
    ['[host."ftp://x"]', /"ftp:\/\/x" must be the URL/],
    ['[host."https://me:secret@x"]', /must be the URL of a registry/],
    ['[host."https://x"]\nca = 5', /"ca" must be/],
    ['[host."https://x"]\nskip_verify = "yes"', /"skip_verify" must be/],
    ['[host."https://x"]\nclient = [["a", "b", "c"]]', /"client" must be/],
    ['[host."https://x".header]\na = "b\\r\\nc"', /"header.a" must be/],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseHostsToml(text, '/')).toThrow(message);
  });

  it('throws nothing but its own error', () => {
    const value = fc.jsonValue().map((json) => JSON.stringify(json));
    const key = fc.constantFrom(
      'server',
      'ca',
      'client',
      'host',
      'header',
      'capabilities',
      '"__proto__"',
    );
    const line = fc.oneof(
      fc.tuple(key, value).map(([name, text]) => `${name} = ${text}`),
      fc.webUrl().map((url) => `[host.${JSON.stringify(url)}]`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        try {
          parseHostsToml(lines.join('\n'), '/certs');
        } catch (error) {
          expect(error).toBeInstanceOf(CtrdError);
        }
      }),
    );
  });
});

describe('folders of hosts', () => {
  let folder = '';
  const hosts = (domain: string) =>
    hostsFromFolders([join(folder, 'none'), folder], (name) => originHost(name, []))(domain, {
      signal,
    });
  const put = async (name: string, file: string, text: string) => {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, file), text);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ctrd-hosts-'));
    await put('one.example_5000_', 'hosts.toml', '[host."https://mirror.example"]');
    await put('two.example:5000', 'hosts.toml', 'server = "https://only.example"');
    await put('tls.example', 'a.crt', 'CA');
    await put('tls.example', 'me.cert', 'CERT');
    await put('tls.example', 'me.key', 'KEY');
    await put('localhost:5001', 'a.crt', 'CA');
    await put('broken.example', 'hosts.toml', '[host."https://x"]\nca = "missing.pem"');
    await put('empty.example', 'README', '');
    await put('_default', 'hosts.toml', '[host."https://default.example"]');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['one.example:5000', ['https://mirror.example/v2/', 'https://one.example:5000/v2/']],
    ['two.example:5000', ['https://only.example/v2/']],
    ['tls.example', ['https://tls.example/v2/']],
    ['localhost:5001', ['https://localhost:5001/v2/']],
    ['empty.example', ['https://empty.example/v2/']],
    ['docker.io', ['https://default.example/v2/', 'https://registry-1.docker.io/v2/']],
  ])('of %s', async (domain, bases) => {
    expect((await hosts(domain))?.map(({ base }) => base.href)).toEqual(bases);
  });

  it('give certificates', async () => {
    const [host] = (await hosts('tls.example')) ?? [];
    expect(host?.tls).toEqual({
      ...{ ca: ['CA'], client: [{ cert: 'CERT', key: 'KEY' }], skipVerify: false },
    });
  });

  it('say which file is missing', async () => {
    await expect(hosts('broken.example')).rejects.toMatchObject({
      ...{
        code: 'failed-precondition',
        reason: 'hosts',
        subject: join(folder, 'broken.example/missing.pem'),
      },
    });
  });

  it.each(['../etc', '..', 'a/b', 'a\0b'])('are not left by %j', async (domain) => {
    expect(await hosts(domain)).toBeUndefined();
  });
});

describe('the registry itself', () => {
  it.each([
    ['docker.io', [], 'https://registry-1.docker.io/v2/'],
    ['registry.example', [], 'https://registry.example/v2/'],
    ['registry.example:5000', ['registry.example'], 'https://registry.example:5000/v2/'],
    ['registry.example:5000', ['registry.example:5000'], 'http://registry.example:5000/v2/'],
    ['localhost:5000', [], 'http://localhost:5000/v2/'],
    ['127.8.8.8', [], 'http://127.8.8.8/v2/'],
    ['[::1]:5000', [], 'http://[::1]:5000/v2/'],
    ['localhost.example', [], 'https://localhost.example/v2/'],
  ])('%s with insecure %j is at %s', (domain, insecure, base) => {
    const host = originHost(domain, insecure);
    expect(host.base.href).toBe(base);
    expect(isOrigin(host, domain)).toBe(true);
    expect(isOrigin(host, 'other.example')).toBe(false);
  });
});
