import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CtrdError, invalidArgument } from '@ctrd/core';

/** An archive of images: the path of a file, or its bytes. */
export type ArchiveSource = string | AsyncIterable<Uint8Array>;

/** Reads an archive, unpacked when gzip has packed it. Ends with the signal. */
export async function* readArchive(
  source: ArchiveSource,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const bytes = typeof source === 'string' ? createReadStream(source) : iterable(source);
  const { head, rest } = await peek(bytes);
  switch (compressionOf(head)) {
    case undefined:
      yield* rest;
      return;
    case 'gzip': {
      const gunzip = createGunzip();
      const copied = pipeline(Readable.from(rest), gunzip, { signal });
      // Its failure is the reader's as well, who may stop before the end.
      copied.catch(() => {});
      try {
        yield* gunzip;
      } catch (error) {
        throw damaged(error);
      }
      return;
    }
    case 'zstd':
      throw new CtrdError('archives packed by zstd are not supported: unpack it first', {
        code: 'unimplemented',
        reason: 'compression',
      });
    default:
      throw invalidArgument('source', 'be a tar archive, plain or packed by gzip');
  }
}

/** What gzip says of its own; a failure of the source stays what it is. */
function damaged(error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !code.startsWith('Z_')) return error;
  return new CtrdError(`source must be a whole gzip file: ${message}`, {
    ...{ code: 'invalid-argument', field: 'source', cause: error },
  });
}

/** How some content is packed, by its first bytes; `other` is a packer that images never use. */
export function compressionOf(head: Uint8Array): 'gzip' | 'zstd' | 'other' | undefined {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);
  if (begins(0x1f, 0x8b)) return 'gzip';
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (begins(0x42, 0x5a, 0x68) || begins(0xfd, 0x37, 0x7a, 0x58, 0x5a)) return 'other';
  return undefined;
}

/** The first bytes (up to 6, fewer of something shorter), and everything including them. */
export async function peek(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < 6) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    parts.push(value);
    size += value.byteLength;
  }
  const first = Buffer.concat(parts, size);
  async function* rest() {
    try {
      if (first.byteLength > 0) yield first;
      for (;;) {
        const { value, done } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: first.subarray(0, 6), rest: rest() };
}

function iterable(source: Exclude<ArchiveSource, string>): AsyncIterable<Uint8Array> {
  if (typeof source?.[Symbol.asyncIterator] === 'function') return source;
  throw invalidArgument('source', 'be a path or an async iterable of bytes', typeof source);
}
