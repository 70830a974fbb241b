import { CtrdError } from '@ctrd/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveUser } from '../../src/spec/index.js';
import { numericUser } from '../../src/spec/users.js';

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  '# a comment',
  'alice:x:1000:100:Alice:/home/alice:/bin/sh',
  'bob:x:1001:1001::/:',
  'noids:x:::::',
  'noise',
  'hex:x:0x10:1:::',
  'huge:x:4294967296:0:::',
].join('\n');

const group = [
  'root:x:0:root',
  'shadow:x:42:',
  'users:x:100:alice',
  'wheel:x:10:alice,root',
  'audio:x:29:bob, alice',
  'alice:x:5000:alice',
  'noid:x::alice',
].join('\n');

const files = { passwd, group };

describe('resolveUser', () => {
  it.each([
    ['', { uid: 0, gid: 0, additionalGids: [0, 10] }],
    ['root', { uid: 0, gid: 0, additionalGids: [0, 10] }],
    ['0', { uid: 0, gid: 0, additionalGids: [0, 10] }],
    ['alice', { uid: 1000, gid: 100, additionalGids: [100, 10, 29] }],
    ['1000', { uid: 1000, gid: 100, additionalGids: [100, 10, 29] }],
    ['alice:shadow', { uid: 1000, gid: 42, additionalGids: [42] }],
    ['alice:7', { uid: 1000, gid: 7, additionalGids: [7] }],
    ['1234:users', { uid: 1234, gid: 100, additionalGids: [100] }],
    ['1234:5678', { uid: 1234, gid: 5678, additionalGids: [5678] }],
    ['2147483647', { uid: 2147483647, gid: 0, additionalGids: [0] }],
  ])('resolves %j', (text, user) => {
    expect(resolveUser(text, files)).toEqual(user);
  });

  it('puts a number without an entry into no group but its primary one', () => {
    expect(resolveUser('1234', files)).toEqual({ uid: 1234, gid: 0, additionalGids: [0] });
  });

  it.each(['4294967296', '2147483648', '-1', '+0', '0:4294967296', ':100', 'alice:', 'a:b:c', ':'])(
    'refuses %j as invalid',
    (text) => {
      expect(() => resolveUser(text, files)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', field: 'user' }),
      );
    },
  );

  it.each([
    'mallory',
    'noids',
    'hex',
    'huge',
    'noise',
    '# a comment',
    'alice:nobody',
    'alice:noid',
  ])('answers not-found for %j, which has no usable entry', (text) => {
    expect(() => resolveUser(text, files)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('answers ids in range or a CtrdError, whatever the files and the text hold', () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .array(fc.oneof(fc.string({ maxLength: 4 }), fc.nat().map(String)), { maxLength: 8 })
        .map((fields) => fields.join(':')),
    );
    const file = fc.array(line, { maxLength: 8 }).map((all) => all.join('\n'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), line), file, file, (text, anyPasswd, anyGroup) => {
        try {
          const user = resolveUser(text, { passwd: anyPasswd, group: anyGroup });
          for (const id of [user.uid, user.gid, ...(user.additionalGids ?? [])]) {
            expect(Number.isInteger(id) && id >= 0 && id <= 0x7fffffff).toBe(true);
          }
          expect(user.additionalGids?.[0]).toBe(user.gid);
        } catch (error) {
          if (!(error instanceof CtrdError)) throw error;
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it('gives a name without an entry no user at all, whatever the files hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (anyPasswd, anyGroup) => {
        const read = () => resolveUser('absent-user', { passwd: anyPasswd, group: anyGroup });
        expect(read).toThrow(CtrdError);
      }),
      { seed: 1 },
    );
  });
});

describe('numericUser', () => {
  it('knows users of two numbers alone', () => {
    expect(numericUser('7:8')).toEqual({ uid: 7, gid: 8, additionalGids: [8] });
    expect(['', '7', 'root', '7:users', 'root:7'].map(numericUser)).toEqual(
      Array(5).fill(undefined),
    );
  });
});
