import { describe, expect, it } from 'vitest';
import { jsonLines, parseJsonLine } from '../src/logs/json-log.js';
import { linesOf } from '../src/logs/lines.js';

describe('a log', () => {
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

describe('what a process writes', () => {
  const time = new Date('2026-01-02T03:04:05.123Z');

  it('becomes a line for each of its lines, also where a chunk ends within a character', () => {
    const lines = jsonLines('stderr');
    let made = '';
    for (const byte of Buffer.from('é1\n\n2')) made += lines.of(Buffer.of(byte), time);
    made += lines.rest(time);
    expect(made.trimEnd().split('\n').map(parseJsonLine)).toEqual(
      ['é1\n', '\n', '2'].map((text) => ({ text, stream: 'stderr', time })),
    );
    expect(lines.rest(time)).toBe('');
  });

  it('is kept in parts when its lines are long, so that none fills the memory', () => {
    const lines = jsonLines('stdout');
    const made = lines.of(Buffer.from('x'.repeat(40_000)), time) + lines.rest(time);
    const texts = made
      .trimEnd()
      .split('\n')
      .map((line) => parseJsonLine(line)?.text ?? '');
    expect(texts.map(({ length }) => length)).toEqual([16_384, 16_384, 7_232]);
    expect(texts.join('')).toBe('x'.repeat(40_000));
  });

  it.each([
    [
      'a line that is complete at once',
      `${'x'.repeat(40_000)}\nnext\n`,
      [16_384, 16_384, 7_233, 5],
    ],
    ['one that just fits', `${'x'.repeat(16_383)}\n`, [16_384]],
    ['one of characters that are two units', `x${'😀'.repeat(9_000)}\n`, [16_383, 1_619]],
    ['a part of such a line', `x${'😀'.repeat(9_000)}`, [16_383, 1_618]],
  ])('is in no part longer than that, and cut within no character: %s', (_, text, lengths) => {
    const lines = jsonLines('stdout');
    const made = lines.of(Buffer.from(text), time) + lines.rest(time);
    const texts = made
      .trimEnd()
      .split('\n')
      .map((line) => parseJsonLine(line)?.text ?? '');
    expect(texts.map(({ length }) => length)).toEqual(lengths);
    // As bytes: half of a character would come back as U+FFFD.
    expect(texts.map((part) => Buffer.from(part).toString()).join('')).toBe(text);
  });
});
