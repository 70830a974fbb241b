import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJsonLine } from '../src/logs/json-log.js';
import { linesOf, plainFile } from '../src/logs/plain-file.js';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-logs-'));
  path = join(folder, 'log');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a log file', () => {
  it.each([
    ['one\ntwo\nthree\n', 2, 'two\nthree\n'],
    ['one\ntwo\nthree', 2, 'two\nthree'],
    ['one\ntwo\n', 5, 'one\ntwo\n'],
    ['one\n', 0, ''],
    ['one', 1, 'one'],
    ['\n\n\n', 2, '\n\n'],
    ['', 3, ''],
  ])('%j ends with its last %i lines, %j', async (content, tail, shown) => {
    await writeFile(path, content);
    expect(await text(plainFile(path, { tail }))).toBe(shown);
  });

  it('finds the last lines far from its end', async () => {
    const long = `${'x'.repeat(200_000)}\n`;
    await writeFile(path, `first\n${long}${long}`);
    expect((await buffer(plainFile(path, { tail: 2 }))).length).toBe(2 * long.length);
    expect((await text(plainFile(path, { tail: 3 }))).startsWith('first\n')).toBe(true);
  });

  it('is followed until its writer has ended, with all it wrote', async () => {
    await writeFile(path, 'early\n');
    const ended = new AbortController();
    const read = text(plainFile(path, { until: ended.signal }));
    await appendFile(path, 'late\n');
    await appendFile(path, 'last\n');
    ended.abort();
    expect(await read).toBe('early\nlate\nlast\n');
  });

  it('is given in lines, also where a chunk ends within a character', async () => {
    const bytes = Buffer.from('é1\n2\n3');
    async function* chunks() {
      for (const byte of bytes) yield Buffer.of(byte);
    }
    const lines: string[] = [];
    for await (const line of linesOf(chunks())) lines.push(line);
    expect(lines).toEqual(['é1', '2', '3']);
  });
});

describe('a line of a json-file log', () => {
  it('is read', () => {
    const line = '{"log":"hi\\n","stream":"stderr","time":"2026-01-02T03:04:05.123456789Z"}';
    expect(parseJsonLine(line)).toEqual({
      ...{ text: 'hi\n', stream: 'stderr', time: new Date('2026-01-02T03:04:05.123Z') },
    });
  });

  it.each(['', '{', '{}', '{"log":1,"time":"x"}', '{"log":"a","time":"never"}', 'null'])(
    'is left out when it is %j',
    (line) => {
      expect(parseJsonLine(line)).toBeUndefined();
    },
  );
});
