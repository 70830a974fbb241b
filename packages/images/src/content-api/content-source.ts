import { invalidArgument } from '@ctrd/core';
import type { ContentSource } from './content-api.js';

/** Any source as a function that gives its bytes from an offset on. Throws `invalid-argument`. */
export function fromOffset(
  source: ContentSource,
): (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array> {
  if (typeof source === 'function') return source;
  if (source instanceof Uint8Array) return (offset) => once(source.subarray(offset));
  if (typeof source?.[Symbol.asyncIterator] === 'function') return taken(source);
  throw invalidArgument('source', 'be bytes, an iterable of them, or a function', source);
}

/** An iterable can be gone through once; a second attempt of the same call cannot start over. */
function taken(source: AsyncIterable<Uint8Array>) {
  let used = false;
  return (offset: number): AsyncIterable<Uint8Array> => {
    if (used) throw invalidArgument('source', 'be a function to be read once more');
    used = true;
    return skipping(source, offset);
  };
}

async function* skipping(
  source: AsyncIterable<Uint8Array>,
  offset: number,
): AsyncGenerator<Uint8Array> {
  let left = offset;
  for await (const chunk of source) {
    const rest = chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
    if (rest.byteLength > 0) yield rest;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}
