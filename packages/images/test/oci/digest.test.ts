import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDigest,
  createVerifier,
  digestOf,
  isDigest,
  verifyBytes,
} from '../../src/oci/digest.js';

describe('a digest', () => {
  it.each([`sha256:${'a'.repeat(64)}`, `sha512:${'0'.repeat(128)}`])('is %s', (digest) => {
    expect(isDigest(digest)).toBe(true);
  });

  it.each([
    ...['', 'sha256', 'sha256:', `sha256:${'a'.repeat(63)}`, `sha256:${'A'.repeat(64)}`],
    ...[`sha512:${'a'.repeat(64)}`, `md5:${'a'.repeat(32)}`, `sha256:${'a'.repeat(63)}/`],
    ...[`sha256:${'a'.repeat(64)}\n`, ` sha256:${'a'.repeat(64)}`, 'sha256:../../etc/passwd'],
    ...[undefined, null, 5, {}],
  ])('is not %j', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => checkDigest(text, 'target')).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'target' }),
    );
  });

  it('is that of the bytes, however they come', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (parts) => {
        const bytes = Buffer.concat(parts);
        const verifier = createVerifier({ digest: digestOf(bytes), size: bytes.length });
        for (const part of parts) verifier.update(part);
        verifier.finish();
      }),
    );
  });

  it('of sha512 is compared as well', () => {
    const digest = `sha512:${createHash('sha512').update('x').digest('hex')}`;
    expect(() => verifyBytes(Buffer.from('x'), { digest })).not.toThrow();
    expect(() => verifyBytes(Buffer.from('y'), { digest })).toThrow(
      expect.objectContaining({ code: 'data-loss', reason: 'digest' }),
    );
  });

  it('comes after the size, which is told as soon as there is too much', () => {
    const verifier = createVerifier({ digest: digestOf('abc'), size: 3 });
    verifier.update(Buffer.from('ab'));
    expect(() => verifier.update(Buffer.from('cd'))).toThrow(
      expect.objectContaining({ code: 'data-loss', reason: 'size' }),
    );
    expect(() => verifyBytes(Buffer.from('ab'), { digest: digestOf('abc'), size: 3 })).toThrow(
      expect.objectContaining({ code: 'data-loss', reason: 'size' }),
    );
  });
});
