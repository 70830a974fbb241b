import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { logFileOf, newStdio, type StdioOption, stdioOf } from '../src/io/stdio.js';

describe('stdioOf', () => {
  it('leads everything nowhere when nothing is said', () => {
    expect(stdioOf(undefined, false)).toMatchObject({
      ...{ stdin: 'null', stdout: 'null', stderr: 'null', log: undefined },
    });
  });

  it('takes one word for all three', () => {
    expect(stdioOf('pipe', false)).toMatchObject({ stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
  });

  it('has no stderr with a terminal', () => {
    expect(stdioOf('pipe', true).stderr).toBe('null');
  });

  it('takes streams of the caller', () => {
    const streams = { stdin: new PassThrough(), stdout: new PassThrough() };
    expect(stdioOf(streams, false)).toMatchObject(streams);
  });

  it('sends both outputs to the log that stdout names', () => {
    const uri = 'file:///var/log/job.log';
    expect(stdioOf({ stdout: uri }, false)).toMatchObject({ log: uri, stderr: 'null' });
    expect(stdioOf({ stdout: uri, stderr: uri }, false).log).toBe(uri);
  });

  it.each<[string, unknown, boolean, string]>([
    ['an unknown word', 'pipes', false, 'stdio.stdin'],
    ['an unknown stdin', { stdin: 'file:///x' }, false, 'stdio.stdin'],
    ['a number for stdout', { stdout: 1 }, false, 'stdio.stdout'],
    ['a readable for stdout', { stdout: {} }, false, 'stdio.stdout'],
    ['a relative log', { stdout: 'file://x.log' }, false, 'stdio.stdout'],
    ['a log with half an escape', { stdout: 'file:///100%' }, false, 'stdio.stdout'],
    ['two logs', { stdout: 'file:///a', stderr: 'file:///b' }, false, 'stdio.stderr'],
    ['a log of stderr alone', { stderr: 'file:///b' }, false, 'stdio.stderr'],
    ['a log file of a terminal', { stdout: 'file:///a' }, true, 'stdio.stdout'],
  ])('refuses %s, naming the field', (_what, option, tty, field) => {
    expect(() => stdioOf(option as StdioOption, tty)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field }),
    );
  });
});

describe('newStdio', () => {
  it.each([undefined, 'null', { stdin: 'pipe' }] as const)(
    'refuses a terminal whose output goes nowhere (%j)',
    (option) => {
      expect(() => newStdio(option, true)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', field: 'stdio.stdout' }),
      );
      expect(newStdio(option, false)).toEqual(stdioOf(option, false));
    },
  );
});

describe('the file of a log', () => {
  it.each([
    ['file:///var/log/a b.log', '/var/log/a b.log'],
    ['file:///var/log/a%20b%25.log', '/var/log/a b%.log'],
    ['file:///var/log/a.log?rotate=1#x', '/var/log/a.log'],
  ] as const)('of %s is what the shim opens', (uri, path) => {
    expect(logFileOf(uri)).toBe(path);
  });

  it('of a program is none', () => {
    expect(logFileOf('binary:///usr/bin/logger?key=value')).toBeUndefined();
  });
});
