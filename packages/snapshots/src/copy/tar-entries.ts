import { CtrdError, orAborted, throwIfAborted } from '@ctrd/core';
import { createTarDecoder, type TarHeader } from 'modern-tar';
import { codeOf } from './root-folder.js';

/** An entry of an archive. What is not read of its body is passed over. */
export interface TarEntry {
  readonly header: TarHeader;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * The entries of a tar archive, as they come. Throws `invalid-argument` (field `source`) for what is
 * none, and what the source throws.
 */
export async function* tarEntries(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<TarEntry> {
  let failure: unknown;
  async function* watched() {
    try {
      yield* abortable(source, signal);
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  /** The source's own failure, of the file system or ours as it is; else the decoder's. */
  const told = (error: unknown): unknown => {
    if (failure !== undefined) return failure;
    if (error instanceof CtrdError || codeOf(error) !== undefined) return error;
    return badArchive(error instanceof Error ? error.message : 'cannot be read', error);
  };
  async function* chunksOf(body: AsyncIterable<Uint8Array>) {
    try {
      yield* body;
    } catch (error) {
      throw told(error);
    }
  }
  const bytes = ReadableStream.from<Uint8Array>(watched());
  try {
    for await (const { header, body } of bytes.pipeThrough(createTarDecoder({ strict: true }))) {
      yield { header, body: chunksOf(body) };
      if (!body.locked) await body.cancel();
    }
  } catch (error) {
    throw told(error);
  }
}

/** Ends with the signal, also while the source does not answer. */
async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await orAborted(signal, iterator.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    // Not waited for: one that does not answer would not answer this either.
    iterator.return?.().catch(() => {});
    throwIfAborted(signal);
  }
}

export function badArchive(why: string, cause?: unknown): CtrdError {
  return new CtrdError(`source must be a tar archive of files, folders and links: it ${why}`, {
    ...{ code: 'invalid-argument', field: 'source', cause },
  });
}
