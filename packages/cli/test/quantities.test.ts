import { describe, expect, it } from 'vitest';
import {
  parseBytes,
  parseDuration,
  parseMoment,
  parseNumber,
  parseTail,
} from '../src/options/quantities.js';

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1024', 1024],
    ['512m', 512 * 2 ** 20],
    ['2G', 2 ** 31],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['64kb', 65_536],
    ['1t', 2 ** 40],
    [' 10 M ', 10 * 2 ** 20],
  ])('%j is %i bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', 'm', '-1m', '1x', '1mm', '1 m 2', 'Infinity', '1e3'])('%j is none', (text) => {
    expect(() => parseBytes(text)).toThrow('512m');
  });
});

describe('spans and moments', () => {
  it.each([
    ['90', 90_000],
    ['1.5', 1_500],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1.5h', 5_400_000],
  ])('%j is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', 'h', '1h30', '-1s', '1w', 'soon'])('%j is no span', (text) => {
    expect(() => parseDuration(text)).toThrow('span of time');
  });

  it('takes a moment as a date, a Unix time or a span before now', () => {
    const now = Date.parse('2026-02-01T12:00:00Z');
    expect(parseMoment('2026-01-31T12:00:00Z', now)).toEqual(new Date('2026-01-31T12:00:00Z'));
    expect(parseMoment('10m', now)).toEqual(new Date(now - 600_000));
    expect(parseMoment('1767225600', now)).toEqual(new Date('2026-01-01T00:00:00Z'));
    expect(() => parseMoment('yesterday', now)).toThrow('10m');
    expect(() => parseMoment('2026-13-45', now)).toThrow('10m');
  });
});

describe('numbers', () => {
  it('are at least 0', () => {
    expect(parseNumber('1.5')).toBe(1.5);
    for (const text of ['', ' ', '-1', 'x', 'NaN', 'Infinity']) {
      expect(() => parseNumber(text)).toThrow('at least 0');
    }
  });

  it('of lines may be all', () => {
    expect(parseTail('20')).toBe(20);
    expect(parseTail('all')).toBe('all');
    expect(() => parseTail('-1')).toThrow('all');
  });
});
