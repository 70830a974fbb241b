import { constants, type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { abortError, CtrdError, throwIfAborted } from '@ctrd/core';

/** Which part of a file is read, and for how long. */
export interface FilePart {
  /** So many of the last lines. Default: all. */
  readonly tail?: number | undefined;
  /** Bytes at its begin that are left out. Default: 0. */
  readonly skipBytes?: number | undefined;
  /** Goes on as the file grows, until this. Default: to the end that the file has now. */
  readonly until?: AbortSignal | undefined;
  readonly signal: AbortSignal;
}

const chunkBytes = 64 * 1024;

/** How long a file must rest after its writer has ended: a shim may still have bytes on the way. */
const restMs = 500;

/** Reads a file, and goes on as it grows, without looking when nothing happens. */
export async function* growingFile(
  path: string,
  { tail, skipBytes = 0, until, signal }: FilePart,
): AsyncGenerator<Buffer, void> {
  // Without waiting for the other end of a pipe that somebody has put there.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!(await file.stat()).isFile()) {
    throw new CtrdError('its log is no file', { code: 'failed-precondition', reason: 'no-log' });
  }
  // The file that is open, whatever has its name by now.
  const opened = `/proc/self/fd/${file.fd}`;
  using changes = until === undefined ? undefined : changesOf(opened, { until, signal });
  let position = tail === undefined ? skipBytes : await offsetOfLast(file, tail);
  for (;;) {
    throwIfAborted(signal);
    const buffer = Buffer.alloc(chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    position += bytesRead;
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
    else if (changes === undefined || !(await changes.next())) return;
  }
}

interface Changes extends Disposable {
  /** Resolves to true after a change since the last call, to false when there will be none. */
  next(): Promise<boolean>;
}

function changesOf(
  path: string,
  { until, signal }: { until: AbortSignal; signal: AbortSignal },
): Changes {
  let changed = false;
  let wake = () => {};
  const watcher: FSWatcher = watch(path, () => {
    changed = true;
    wake();
  });
  // A file that is taken away still ends with its writer.
  watcher.on('error', () => {});
  const onSignal = () => wake();
  until.addEventListener('abort', onSignal);
  signal.addEventListener('abort', onSignal);
  return {
    async next() {
      let resting = false;
      while (!changed) {
        if (signal.aborted) throw abortError(signal);
        if (until.aborted && resting) return false;
        resting = until.aborted;
        await woken(resting ? restMs : undefined);
      }
      changed = false;
      return true;
    },
    [Symbol.dispose]() {
      watcher.close();
      until.removeEventListener('abort', onSignal);
      signal.removeEventListener('abort', onSignal);
    },
  };

  function woken(timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Where the last lines of a file begin. A last line without its end is a line. */
async function offsetOfLast(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  const buffer = Buffer.alloc(chunkBytes);
  // The break at the very end ends the last line, and begins none.
  let [wanted, end] = [lines, size - 1];
  if (lines === 0) return size;
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (buffer[at] !== 0x0a) continue;
      wanted -= 1;
      if (wanted === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
