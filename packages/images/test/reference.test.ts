import { CtrdError } from '@ctrd/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  familiarReference,
  formatReference,
  normalizeReference,
  parseReference,
} from '../src/reference/reference.js';

const hex = 'a'.repeat(64);

describe('references', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['alpine:3', 'docker.io/library/alpine:3', 'alpine:3'],
    ['me/app', 'docker.io/me/app:latest', 'me/app:latest'],
    ['index.docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['[::1]:5000/a/b', '[::1]:5000/a/b:latest', '[::1]:5000/a/b:latest'],
    ['Host/app', 'Host/app:latest', 'Host/app:latest'],
    [`a.example/b@sha256:${hex}`, `a.example/b@sha256:${hex}`, `a.example/b@sha256:${hex}`],
    [`b:1@sha256:${hex}`, `docker.io/library/b@sha256:${hex}`, `b@sha256:${hex}`],
    ['a__b/c-.-d'.replace('-.-', '--'), 'docker.io/a__b/c--d:latest', 'a__b/c--d:latest'],
  ])('%s is %s', (text, normal, familiar) => {
    expect(normalizeReference(text)).toBe(normal);
    expect(familiarReference(normal)).toBe(familiar);
  });

  it.each([
    ...['', ' ', 'A', 'a b', 'a:', ':a', '/a', 'a/', 'a//b', 'a/B', '-a', 'a-', 'a..b', 'a___b'],
    ...['a@', 'a@sha256:abc', `a@md5:${hex}`, `a@sha256:${hex.toUpperCase()}`, hex, 'a:b:c'],
    ...['http://a.example/b', 'a.example/b?c', 'a.example:x/b', '../etc', 'a/../b', 'a\n', 'é'],
    ...[`a:${'x'.repeat(129)}`, 'x'.repeat(256), `${'x.'.repeat(140)}example/a`],
  ])('%j is refused', (text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'reference' }),
    );
  });

  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const separator = fc.constantFrom('.', '_', '__', '-', '---');
  const part = fc
    .tuple(word, fc.array(fc.tuple(separator, word), { maxLength: 2 }))
    .map(([first, rest]) => first + rest.flat().join(''));
  const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const domain = fc.oneof(
    fc.constantFrom('docker.io', 'localhost', '[::1]:5000', '127.0.0.1'),
    fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z]{2,5}(:[1-9][0-9]{0,3})?$/),
  );
  const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,10}$/), { nil: undefined });
  const digest = fc.option(
    fc.stringMatching(/^[a-f0-9]{64}$/).map((digits) => `sha256:${digits}`),
    { nil: undefined },
  );
  const reference = fc
    .record({ domain, path, tag, digest })
    .map((made) =>
      made.domain === 'docker.io' && !made.path.includes('/')
        ? { ...made, path: `library/${made.path}` }
        : made,
    );

  it('are read back as they were written, in their long and their familiar form', () => {
    fc.assert(
      fc.property(reference, (made) => {
        const text = formatReference(made);
        expect(parseReference(text)).toEqual(made);
        expect(parseReference(familiarReference(text))).toEqual(made);
        const normal = normalizeReference(text);
        expect(normalizeReference(normal)).toBe(normal);
        expect(normalizeReference(familiarReference(normal))).toBe(normal);
      }),
    );
  });

  it('are refused by nothing but their own error, quickly', () => {
    const bit = fc.constantFrom('a', 'A', '/', ':', '@', '.', '-', '_', '[', ']', 'sha256:', hex);
    const text = fc.oneof(
      fc.string(),
      fc.array(bit, { maxLength: 30 }).map((bits) => bits.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          const parsed = parseReference(input);
          expect(parseReference(formatReference(parsed))).toEqual(parsed);
        } catch (error) {
          expect(error).toBeInstanceOf(CtrdError);
        }
      }),
      { numRuns: 1000 },
    );
    const start = performance.now();
    for (const hostile of ['a-'.repeat(1e5), `${'a.'.repeat(1e5)}/`, '_'.repeat(1e6)]) {
      expect(() => parseReference(hostile)).toThrow(CtrdError);
    }
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
