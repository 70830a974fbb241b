import { describe, expect, it } from 'vitest';
import { chooseProxy, proxyFromEnvironment } from '../../src/registry/proxy.js';
import { checkRealm } from '../../src/registry/realm.js';

describe('proxies', () => {
  const choose = (no: string, url: string) =>
    chooseProxy({ http: 'plain:1', https: 'http://tls:2', no })(new URL(url))?.host;

  it.each([
    ['', 'http://a.example', 'plain:1'],
    ['', 'https://a.example', 'tls:2'],
    ['', 'https://localhost', undefined],
    ['', 'https://127.1.2.3', undefined],
    ['', 'https://[::1]:8443', undefined],
    ['*', 'https://a.example', undefined],
    ['a.example', 'https://a.example', undefined],
    ['a.example', 'https://b.a.example', undefined],
    ['a.example', 'https://ba.example', 'tls:2'],
    ['.a.example', 'https://a.example', 'tls:2'],
    ['.a.example', 'https://b.a.example', undefined],
    ['*.a.example', 'https://b.a.example', undefined],
    ['a.example:443', 'https://a.example', undefined],
    ['a.example:8443', 'https://a.example', 'tls:2'],
    ['10.0.0.0/8', 'https://10.1.2.3', undefined],
    ['10.0.0.0/8', 'https://11.1.2.3', 'tls:2'],
    ['10.0.0.0/99, fd00::/8', 'https://[fd12::1]', undefined],
    ['A.EXAMPLE', 'https://a.example.', undefined],
  ])('NO_PROXY=%s for %s', (no, url, proxy) => {
    expect(choose(no, url)).toBe(proxy);
  });

  it('come from the environment, in capitals or not', () => {
    expect(proxyFromEnvironment({ HTTPS_PROXY: 'a', http_proxy: 'b', no_proxy: 'c' })).toEqual({
      ...{ http: 'b', https: 'a', no: 'c' },
    });
    expect(proxyFromEnvironment({ HTTP_PROXY: 'a', REQUEST_METHOD: 'GET' }).http).toBeUndefined();
  });

  it.each(['socks5://a', 'http://', 'ftp://a'])('must not be %s', (https) => {
    expect(() => chooseProxy({ https })).toThrow(/proxy.https must/);
  });
});

describe('token servers', () => {
  it.each([
    // realm, registry, with credentials, without
    ['https://auth.docker.io/token', 'https://registry-1.docker.io', true, true],
    ['https://a.example/token', 'https://a.example', true, true],
    ['https://auth.a.example/token', 'https://a.example', true, true],
    ['https://a.example/token', 'https://registry.a.example', true, true],
    ['https://auth.a.example/token', 'https://registry.a.example', false, true],
    ['https://example/token', 'https://a.example', false, true],
    ['https://evil.example/token', 'https://a.example', false, true],
    ['https://evila.example/token', 'https://a.example', false, true],
    ['http://a.example/token', 'https://a.example', false, false],
    ['http://127.0.0.1:1/token', 'http://127.0.0.1:2', true, true],
    ['http://b.a.example/token', 'http://a.example', false, true],
    ['https://me:pw@a.example/token', 'https://a.example', false, false],
    ['ftp://a.example/token', 'https://a.example', false, false],
    ['nonsense', 'https://a.example', false, false],
    [undefined, 'https://a.example', false, false],
  ])('%s of %s', (realm, registry, withCredentials, without) => {
    const check = (has: boolean) => () =>
      checkRealm(realm, new URL(registry), { withCredentials: has, authRealms: [] });
    if (withCredentials) expect(check(true)()).toBeInstanceOf(URL);
    else expect(check(true)).toThrow();
    if (without) expect(check(false)()).toBeInstanceOf(URL);
    else expect(check(false)).toThrow();
  });
});
