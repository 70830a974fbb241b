import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Which part of a file is read. */
export interface FilePart {
  /** So many of the last lines. Default: all. */
  readonly tail?: number | undefined;
  /** Goes on as the file grows, until this; what was written before is still read. */
  readonly until?: AbortSignal | undefined;
  /** Ends at once. */
  readonly signal?: AbortSignal | undefined;
}

/** How often a growing file is looked at: a shim writes it, and tells nobody. */
const pollMs = 100;
const chunkBytes = 64 * 1024;

/** Reads a file, and goes on as it grows. */
export async function* plainFile(
  path: string,
  { tail, until, signal }: FilePart = {},
): AsyncGenerator<Buffer, void> {
  await using file = await open(path, 'r');
  let position = tail === undefined ? 0 : await offsetOfLast(file, tail);
  for (let last = until === undefined; !signal?.aborted; ) {
    const { bytesRead, buffer } = await file.read(
      Buffer.alloc(chunkBytes),
      0,
      chunkBytes,
      position,
    );
    position += bytesRead;
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
    else if (last) return;
    // What was written before the end is there by now: one more look finds it.
    else if (until?.aborted) last = true;
    else await sleep(pollMs, undefined, { signal: until }).catch(() => {});
  }
}

/** Where the last lines of a file begin. A last line without its end is a line. */
async function offsetOfLast(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  const buffer = Buffer.alloc(chunkBytes);
  // The break at the very end ends the last line, and begins none.
  let wanted = lines + 1;
  let end = size;
  if (lines === 0) return size;
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (buffer[at] !== 0x0a) {
        if (start + at === size - 1) wanted -= 1;
        continue;
      }
      wanted -= 1;
      if (wanted === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** Whole lines of a stream of bytes, without their breaks. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
