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
  try {
    const compression = compressionOf(head);
    if (compression === 'other') {
      throw invalidArgument('source', 'be a tar archive, plain or packed by gzip or zstd');
    }
    yield* compression === undefined ? rest : unpacked(compression, rest, signal);
  } finally {
    // Also when nothing more was read. It is not waited for: a source that is stuck does not answer.
    rest.return().catch(() => {});
  }
}

/**
 * The first bytes (up to 6, fewer of something shorter), and everything including them, whose
 * `return()` closes the source, also before anything is read.
 */
export async function peek(bytes: AsyncIterable<Uint8Array>): Promise<{
  head: Uint8Array;
  rest: AsyncIterable<Uint8Array> & { return(): Promise<unknown> };
}> {
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
  let isFirst = size > 0;
  const rest = {
    [Symbol.asyncIterator]: () => rest,
    async next() {
      if (!isFirst) return await iterator.next();
      isFirst = false;
      return { done: false as const, value: first };
    },
    async return() {
      await iterator.return?.();
      return { done: true as const, value: undefined };
    },
  };
  return { head: first.subarray(0, 6), rest };
}

function iterable(source: Exclude<ArchiveSource, string>): AsyncIterable<Uint8Array> {
  if (typeof source?.[Symbol.asyncIterator] === 'function') return source;
  throw invalidArgument('source', 'be a path or an async iterable of bytes', typeof source);
}
