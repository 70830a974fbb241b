import { CtrdError } from '@ctrd/core';

/** Reads something small in whole. Throws `too-large` as soon as it is not. */
export async function readLimited(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
  what: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bytes) {
    size += part.byteLength;
    if (size > maxBytes) {
      throw new CtrdError(`${what} has more than ${maxBytes} bytes`, { code: 'too-large' });
    }
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
