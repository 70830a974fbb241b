import { constants, type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { abortError, CtrdError, throwIfAborted } from '@ctrd/core';

/** Which part of a file is read, and for how long. */
export interface FilePart {
  /** So many of the last lines. Default: all. */
  readonly tail?: number | undefined;
  /** Bytes at its begin that are left out. Default: 0. */
  readonly skipBytes?: number | undefined;
  /** The file, when it is open already; it is not closed. Default: what has the name. */
  readonly file?: FileHandle | undefined;
  /** Goes on as the file grows, until this. Default: to the end that the file has now. */
  readonly until?: AbortSignal | undefined;
  readonly signal: AbortSignal;
}

export const chunkBytes = 64 * 1024;

/**
 * How long a file must rest after its writer has ended: a shim may still have bytes on the way. So
 * often is looked at what cannot be watched.
 */
const restMs = 500;

/**
 * Reads a file, and goes on as it grows, without looking when nothing happens, unless the host
 * has no watch left to give. When it is rotated, what is left in it is read, and then the file that has
 * taken its name; one that is cut is read from its beginning.
 */
export async function* growingFile(path: string, part: FilePart): AsyncGenerator<Buffer, void> {
  for (let from: FilePart | undefined = part; from !== undefined; ) {
    const file: FileHandle = from.file ?? (await openLog(path));
    try {
      const rotated: boolean = yield* oneFile(path, file, from);
      const { until, signal } = part;
      from = rotated ? { until, signal } : undefined;
    } finally {
      if (file !== part.file) await file.close();
    }
  }
}

/** Without waiting for the other end of a pipe that somebody has put there. */
export function openLog(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** Until its writer has ended, or another file has its name: then the answer is true. */
async function* oneFile(
  path: string,
  file: FileHandle,
  { tail, skipBytes = 0, until, signal }: FilePart,
): AsyncGenerator<Buffer, boolean> {
  if (!(await file.stat()).isFile()) {
    throw new CtrdError('its log is no file', { code: 'failed-precondition', reason: 'no-log' });
  }
  using changes = until === undefined ? undefined : changesOf(path, file, { until, signal });
  let position = tail === undefined ? skipBytes : (await lastLines(file, tail)).offset;
  for (let left = false; ; ) {
    throwIfAborted(signal);
    const buffer = Buffer.alloc(chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    position += bytesRead;
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
    else if (changes === undefined) return false;
    else if ((await file.stat()).size < position) position = 0;
    // Its writer may have written to it until it had made the other one.
    else if (left) return true;
    else {
      const named = await whatIsNamed(path, file);
      // One may have got the name before its folder was watched: that is looked at once more.
      const again = named === 'nothing' && changes.awaitName();
      if (named === 'another') left = true;
      else if (!again && !(await changes.next())) return false;
    }
  }
}

/** Where the name of an open file leads by now. To nothing: to another file soon, perhaps. */
async function whatIsNamed(path: string, file: FileHandle): Promise<'it' | 'another' | 'nothing'> {
  const [named, opened] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
  if (named === undefined) return 'nothing';
  return named.ino === opened.ino && named.dev === opened.dev ? 'it' : 'another';
}

interface Changes extends Disposable {
  /** From now on, a file that gets the name is a change too. True when that is new. */
  awaitName(): boolean;
  /** Resolves to true after a change since the last call, to false when there will be none. */
  next(): Promise<boolean>;
}

function changesOf(
  path: string,
  file: FileHandle,
  { until, signal }: { until: AbortSignal; signal: AbortSignal },
): Changes {
  let changed = false;
  /** Something is not watched: then it is looked at from time to time. */
  let blind = false;
  let rested = false;
  let namesAwaited = false;
  let wake = () => {};
  const came = () => {
    changed = true;
    wake();
  };
  const watchers: FSWatcher[] = [];
  const look = (what: string, listener: (event: string, name: string | null) => void) => {
    try {
      // What is taken away still ends with its writer.
      watchers.push(watch(what, listener).on('error', () => {}));
    } catch {
      // The user has as many watches as the host allows, or the folder is gone.
      blind = true;
    }
  };
  // The file that is open, whatever has its name by now.
  look(`/proc/self/fd/${file.fd}`, came);
  until.addEventListener('abort', wakeUp);
  signal.addEventListener('abort', wakeUp);
  return {
    awaitName() {
      if (namesAwaited) return false;
      namesAwaited = true;
      // Only now it is worth hearing of all that happens in its folder.
      look(dirname(path), (_event, name) => {
        if (name === basename(path)) came();
      });
      return true;
    },
    async next() {
      if (blind) {
        if (rested) return false;
        rested = until.aborted;
        await woken(restMs);
        return true;
      }
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
      for (const watcher of watchers) watcher.close();
      until.removeEventListener('abort', wakeUp);
      signal.removeEventListener('abort', wakeUp);
    },
  };

  function wakeUp(): void {
    wake();
  }

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

/** Whether a name still leads to the file that was opened by it. */
export async function isNamed(path: string, file: FileHandle): Promise<boolean> {
  return (await whatIsNamed(path, file)) === 'it';
}

/**
 * Where the last lines of a file begin, and how many of them are not in it. A last line without its
 * end is a line.
 */
export async function lastLines(
  file: FileHandle,
  lines: number,
): Promise<{ offset: number; missing: number }> {
  const { size } = await file.stat();
  if (lines === 0) return { offset: size, missing: 0 };
  const buffer = Buffer.alloc(chunkBytes);
  // The break at the very end ends the last line, and begins none.
  let [wanted, end] = [lines, size - 1];
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (buffer[at] !== 0x0a) continue;
      wanted -= 1;
      if (wanted === 0) return { offset: start + at + 1, missing: 0 };
    }
    end = start;
  }
  return { offset: 0, missing: size > 0 ? wanted - 1 : wanted };
}
