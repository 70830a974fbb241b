import { posix } from 'node:path';
import { CtrdError } from '@ctrd/core';
import { createTarDecoder, type TarHeader } from 'modern-tar';

/** One entry of a tar archive. Its body must be read, or given up, before the next one. */
export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'link' | 'other';
  /** The entry that a link leads to, by its name in the archive. */
  readonly target: string;
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Entries that an archive of images may have. */
const maxEntries = 100_000;

/**
 * The entries of a tar archive, as they come. Nothing is held in memory but what the decoder has
 * not passed on yet. Throws `invalid-argument` (field `source`) when it is no tar archive.
 */
export async function* tarEntries(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const decoder = createTarDecoder({ strict: true });
  const reader = decoder.readable.getReader();
  const fed = feed(bytes, decoder.writable);
  try {
    for (let count = 0; ; count++) {
      const { value, done } = await decoded(reader.read(), fed);
      if (done === true) break;
      if (count === maxEntries) throw broken(`it has more than ${maxEntries} entries`);
      const { header, body } = value;
      const rest = body.getReader();
      yield {
        name: cleanName(header.name),
        kind: kindOf(header.type),
        target: linkTarget(header),
        size: header.size,
        body: bodyOf(rest, fed),
      };
      // What the caller has left unread; fails for a body that was cut off.
      for await (const _ of bodyOf(rest, fed));
    }
    await fed.done;
  } finally {
    await reader.cancel().catch(() => {});
    await fed.done.catch(() => {});
  }
}

interface Feed {
  readonly done: Promise<void>;
  /** The source's own failure, which goes before what the decoder makes of it. */
  failure: unknown;
}

function feed(bytes: AsyncIterable<Uint8Array>, writable: WritableStream<Uint8Array>): Feed {
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  const pump = async () => {
    try {
      for await (const chunk of bytes) {
        try {
          await writer.write(chunk);
        } catch {
          // The reader has gone, or fails with what the decoder says.
          return;
        }
      }
    } catch (error) {
      result.failure = error;
      await writer.abort(error).catch(() => {});
      return;
    }
    await writer.close().catch(() => {});
  };
  const result: Feed = { done: Promise.resolve(), failure: undefined };
  return Object.assign(result, { done: pump() });
}

async function* bodyOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  fed: Feed,
): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value, done } = await decoded(reader.read(), fed);
    if (done === true) return;
    yield value;
  }
}

async function decoded<T>(reading: Promise<T>, fed: Feed): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    if (fed.failure !== undefined) throw fed.failure;
    throw broken(cause instanceof Error ? cause.message : 'it cannot be read', cause);
  }
}

function kindOf(type: string | undefined): TarEntry['kind'] {
  if (type === undefined || type === 'file') return 'file';
  return type === 'symlink' || type === 'link' ? 'link' : 'other';
}

/** Symbolic links are relative to their folder, hard links to the archive's root. */
function linkTarget({ type, name, linkname = '' }: TarHeader): string {
  const folder = type === 'symlink' ? posix.dirname(cleanName(name)) : '';
  return cleanName(posix.join(folder, linkname));
}

/** Names are only looked up, never used as paths; `./a` is `a`. */
function cleanName(name: string): string {
  return name.replace(/^(?:\.?\/)+/, '');
}

function broken(why: string, cause?: unknown): CtrdError {
  return new CtrdError(`source must be a tar archive: ${why}`, {
    code: 'invalid-argument',
    field: 'source',
    cause,
  });
}
