import { createReadStream } from 'node:fs';
import { invalidArgument } from '@ctrd/core';
import { compressionOf, unpacked } from './compression.js';

/** An archive of images: the path of a file, or its bytes. */
export type ArchiveSource = string | AsyncIterable<Uint8Array>;

/** Reads an archive, unpacked when gzip or zstd has packed it. Ends with the signal. */
export async function* readArchive(
  source: ArchiveSource,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const bytes = typeof source === 'string' ? createReadStream(source) : iterable(source);
  const { head, rest } = await peek(bytes);
  const compression = compressionOf(head);
  if (compression === 'other') {
    throw invalidArgument('source', 'be a tar archive, plain or packed by gzip or zstd');
  }
  yield* compression === undefined ? rest : unpacked(compression, rest, signal);
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
