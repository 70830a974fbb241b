import { createHash, type Hash } from 'node:crypto';
import { CtrdError, invalidArgument } from '@ctrd/core';

/** Digits of a digest in hexadecimal, by algorithm. */
const lengths: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha512', 128],
]);

/** Whether it is `sha256:` or `sha512:` with all its digits, in lower case. */
export function isDigest(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  const { algorithm, hex } = splitDigest(text);
  return hex.length === lengths.get(algorithm) && /^[a-f0-9]+$/.test(hex);
}

/** Throws `invalid-argument`. */
export function checkDigest(text: unknown, field = 'digest'): string {
  if (!isDigest(text)) throw invalidArgument(field, 'be a sha256 or sha512 digest', text);
  return text;
}

export function splitDigest(digest: string): { algorithm: string; hex: string } {
  const colon = digest.indexOf(':');
  return { algorithm: digest.slice(0, colon), hex: digest.slice(colon + 1) };
}

/** The sha256 digest of some bytes. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Compares what passes by with a digest and a size. */
export interface Verifier {
  /** Throws `data-loss` as soon as there is too much. */
  update(chunk: Uint8Array): void;
  /** Throws `data-loss` when it was not what was expected. */
  finish(): void;
}

export function createVerifier(expected: { digest: string; size?: number | undefined }): Verifier {
  const { digest, size } = expected;
  const { algorithm, hex } = splitDigest(checkDigest(digest));
  const hash: Hash = createHash(algorithm);
  let seen = 0;
  return {
    update(chunk) {
      seen += chunk.byteLength;
      if (size !== undefined && seen > size) throw wrongSize(digest, size, `more than ${size}`);
      hash.update(chunk);
    },
    finish() {
      if (size !== undefined && seen !== size) throw wrongSize(digest, size, String(seen));
      const actual = hash.digest('hex');
      if (actual !== hex) {
        throw new CtrdError(`the content has another digest: ${algorithm}:${actual}`, {
          code: 'data-loss',
          reason: 'digest',
          subject: digest,
        });
      }
    },
  };
}

/** Throws `data-loss` when the bytes are not those of the digest. */
export function verifyBytes(
  bytes: Uint8Array,
  expected: { digest: string; size?: number | undefined },
): void {
  const verifier = createVerifier(expected);
  verifier.update(bytes);
  verifier.finish();
}

/** What content is told by that has another size than was said. */
export function wrongSize(digest: string, size: number, actual: string): CtrdError {
  return new CtrdError(`the content should have ${size} bytes, but has ${actual}`, {
    code: 'data-loss',
    reason: 'size',
    subject: digest,
  });
}
