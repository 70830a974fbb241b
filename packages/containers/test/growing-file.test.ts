import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FilePart, growingFile } from '../src/logs/growing-file.js';

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
  for await (const chunk of growingFile(path, { signal, ...part })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('the last lines of a file', () => {
  it.each([
    ['a\nb\nc\n', 2, 'b\nc\n'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\nc\n', 3, 'a\nb\nc\n'],
    ['a\nb\nc\n', 9, 'a\nb\nc\n'],
    ['a\nb\n', 0, ''],
    ['a\n\n', 1, '\n'],
    ['\n', 1, '\n'],
    ['', 5, ''],
  ])('of %j, %i of them', async (content, tail, expected) => {
    await writeFile(path, content);
    expect(await read({ tail })).toBe(expected);
  });

  it('are found far back', async () => {
    const long = 'x'.repeat(200_000);
    await writeFile(path, `${long}\n${long}\nend\n`);
    expect(await read({ tail: 2 })).toBe(`${long}\nend\n`);
    expect(await read()).toHaveLength(400_006);
  });
});

describe('a growing file', () => {
  it('is read until its writer has ended, with what came last', async () => {
    await writeFile(path, 'one\n');
    const ended = new AbortController();
    const all = read({ until: ended.signal });
    for (let index = 0; index < 50; index += 1) await appendFile(path, `${index}\n`);
    ended.abort();
    await appendFile(path, 'late\n');
    const lines = Array.from({ length: 50 }, (_, index) => `${index}\n`).join('');
    expect(await all).toBe(`one\n${lines}late\n`);
  });

  it('is left when the signal ends, and when the reader leaves', async () => {
    await writeFile(path, 'one\n');
    const [until, caller] = [new AbortController().signal, new AbortController()];
    const all = read({ until, signal: caller.signal });
    setTimeout(() => caller.abort(), 20);
    await expect(all).rejects.toMatchObject({ code: 'aborted' });
    for await (const chunk of growingFile(path, { until, signal })) {
      expect(String(chunk)).toBe('one\n');
      break;
    }
  });

  it('that is taken away ends with its writer', async () => {
    await writeFile(path, 'one\n');
    const ended = new AbortController();
    const chunks = growingFile(path, { signal, until: ended.signal });
    expect(String((await chunks.next()).value)).toBe('one\n');
    await rm(path);
    ended.abort();
    expect((await chunks.next()).done).toBe(true);
  });
});

describe('a file that is rotated while it is followed', () => {
  /** What is read so far, and the end of it. */
  function followed(part: Partial<FilePart> = {}) {
    const [ended, read] = [new AbortController(), { text: '' }];
    const done = (async () => {
      for await (const chunk of growingFile(path, { signal, until: ended.signal, ...part })) {
        read.text += chunk;
      }
      return read.text;
    })();
    return { ended, done, seen: (text: string) => vi.waitFor(() => expect(read.text).toBe(text)) };
  }

  it('is read to its end, and then the one that has its name', async () => {
    await writeFile(path, 'one\ntwo\n');
    const { ended, done, seen } = followed({ tail: 1 });
    await seen('two\n');
    // Twice, and the second time there is no file of the name for a while.
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, 'last\n');
    await writeFile(path, 'new\n');
    await seen('two\nlast\nnew\n');
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, 'more\n');
    await seen('two\nlast\nnew\nmore\n');
    await appendFile(path, 'newest\n');
    await seen('two\nlast\nnew\nmore\nnewest\n');
    ended.abort();
    expect(await done).toBe('two\nlast\nnew\nmore\nnewest\n');
  });

  it('is left for the one that gets its name, also when it was deleted', async () => {
    await writeFile(path, 'one\n');
    const { ended, done, seen } = followed();
    await seen('one\n');
    await rm(path);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writeFile(path, 'new\n');
    await seen('one\nnew\n');
    ended.abort();
    expect(await done).toBe('one\nnew\n');
  });

  it('is read from its beginning when it was cut', async () => {
    await writeFile(path, 'one\ntwo\n');
    const { ended, done, seen } = followed();
    await seen('one\ntwo\n');
    await truncate(path);
    await appendFile(path, 'new\n');
    await seen('one\ntwo\nnew\n');
    ended.abort();
    expect(await done).toBe('one\ntwo\nnew\n');
  });
});

describe('what is no file', () => {
  it('is refused at once, a pipe without a writer included', async () => {
    execFileSync('mkfifo', [path]);
    await expect(read()).rejects.toMatchObject({ code: 'failed-precondition', reason: 'no-log' });
  });
});
