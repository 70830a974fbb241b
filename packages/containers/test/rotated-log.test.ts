import { readdirSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FilePart } from '../src/logs/growing-file.js';
import { rotatedLog } from '../src/logs/rotated-log.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-log-'));
  path = join(folder, 'a.log');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const { signal } = new AbortController();

async function read(part: Partial<FilePart> = {}): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of rotatedLog(path, { signal, ...part })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Ten lines in four files, two of them packed. */
async function rotated(): Promise<void> {
  await writeFile(path, '8\n9\n');
  await writeFile(`${path}.1`, '5\n6\n7\n');
  await writeFile(`${path}.2.gz`, gzipSync('2\n3\n4\n'));
  await writeFile(`${path}.10.gz`, gzipSync('0\n1\n'));
}

const lines = (from: number, to = 9) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('');

describe('a log that was rotated', () => {
  it('is read with all that was put aside, the oldest first', async () => {
    await rotated();
    for (const other of ['b.log.1', 'a.log.bak', 'a.log.1.zip', 'a.log-1', 'a.log.']) {
      await writeFile(join(folder, other), 'of others\n');
    }
    expect(await read()).toBe(lines(0));
  });

  it.each(Array.from({ length: 13 }, (_, tail) => tail))(
    'has its last %i lines in several files',
    async (tail) => {
      await rotated();
      expect(await read({ tail })).toBe(lines(Math.max(0, 10 - tail)));
    },
  );

  it('may have lines without an end, and empty files', async () => {
    await writeFile(path, '');
    await writeFile(`${path}.1`, 'b\nc');
    await writeFile(`${path}.2`, '');
    await writeFile(`${path}.3`, 'a\n');
    expect(await read({ tail: 2 })).toBe('b\nc');
    expect(await read({ tail: 3 })).toBe('a\nb\nc');
  });

  it('is read once where it is being packed', async () => {
    await writeFile(path, 'b\n');
    await writeFile(`${path}.1`, 'a\n');
    await writeFile(`${path}.1.gz`, gzipSync('a\n').subarray(0, 5));
    expect(await read()).toBe('a\nb\n');
  });

  it('leaves out what is no file, and says which packed one is damaged', async () => {
    await writeFile(path, 'b\n');
    await mkdir(`${path}.1`);
    expect(await read()).toBe('b\n');
    await writeFile(`${path}.2.gz`, gzipSync('a\n').subarray(0, 5));
    const damaged = { code: 'data-loss', reason: 'log', subject: `${path}.2.gz` };
    await expect(read()).rejects.toMatchObject(damaged);
    expect(await read({ tail: 1 })).toBe('b\n');
  });

  it('is only the file itself for who leaves out what was there before', async () => {
    await rotated();
    expect(await read({ skipBytes: 2 })).toBe('9\n');
  });

  it('loses nothing when it is rotated while it is read', async () => {
    await rotated();
    const log = rotatedLog(path, { signal });
    let text = String((await log.next()).value);
    await rename(`${path}.2.gz`, `${path}.3.gz`);
    await rename(`${path}.1`, `${path}.2`);
    await rename(path, `${path}.1`);
    await writeFile(path, 'new\n');
    for await (const chunk of log) text += chunk;
    expect(text).toBe(lines(0));
  });

  it('is followed through the next rotation', async () => {
    await rotated();
    const ended = new AbortController();
    const log = rotatedLog(path, { signal, until: ended.signal, tail: 4 });
    let text = '';
    for await (const chunk of log) {
      text += chunk;
      if (text === lines(6)) {
        await rename(path, `${path}.1`);
        await appendFile(`${path}.1`, 'last\n');
        await writeFile(path, 'new\n');
      }
      if (text.endsWith('new\n')) ended.abort();
    }
    expect(text).toBe(`${lines(6)}last\nnew\n`);
  });

  it('is closed when it was read, when its reader leaves, and when it cannot be read', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await rotated();
    await read();
    const before = open();
    await read({ tail: 7 });
    for await (const _chunk of rotatedLog(path, { signal })) break;
    await writeFile(`${path}.2.gz`, 'nothing packed');
    await expect(read()).rejects.toThrow();
    await expect(read({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    expect(open()).toBe(before);
  });
});
