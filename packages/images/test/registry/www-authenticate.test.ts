import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../src/registry/www-authenticate.js';

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

describe('WWW-Authenticate', () => {
  it.each([
    ['Basic', [['basic', {}]]],
    ['Basic realm="a, \\"b\\""', [['basic', { realm: 'a, "b"' }]]],
    [
      'Bearer realm="https://a/token",service="s",scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://a/token', service: 's', scope: 'repository:a/b:pull,push' }]],
    ],
    [
      'Negotiate abc==, Basic realm=plain , Bearer Realm = "x", realm="y"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'plain' }],
        ['bearer', { realm: 'x' }],
      ],
    ],
    ['', []],
    ['"', []],
    ['Bearer realm="never ends', [['bearer', {}]]],
  ])('reads %s', (header, challenges) => {
    expect(read(header).slice(0, challenges.length)).toEqual(challenges);
  });

  it('reads back what was written, whatever the values are', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const value = fc.string({ maxLength: 30 }).filter((text) => !/[\r\n]/.test(text));
    const challenge = fc.tuple(
      word,
      fc.dictionary(word, value, { minKeys: 1, noNullPrototype: true }),
    );
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const header = challenges
          .map(([scheme, params]) => {
            const pairs = Object.entries(params).map(([name, text]) => `${name}=${quote(text)}`);
            return `${scheme} ${pairs.join(', ')}`;
          })
          .join(', ');
        expect(read(header)).toEqual(challenges);
      }),
    );
  });

  it('takes anything, quickly', () => {
    const parts = fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'realm', 'a', '==', '\t');
    const text = fc.oneof(
      fc.string(),
      fc.array(parts, { maxLength: 200 }).map((list) => list.join('')),
    );
    fc.assert(fc.property(text, (header) => Array.isArray(parseChallenges(header))));
    const start = performance.now();
    for (const hostile of [
      '"'.repeat(1e6),
      ', '.repeat(1e6),
      'a="\\'.repeat(1e5),
      `a${' '.repeat(1e6)}`,
    ])
      parseChallenges(hostile);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
