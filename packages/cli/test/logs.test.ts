import { describe, expect, it } from 'vitest';
import { parseJsonLine } from '../src/logs/json-log.js';
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
