import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type StdioOption, stdioOf } from '../../src/io/stdio.js';
import { loggedTo, notedStdio, stdioExtensions } from '../../src/lifecycle/stdio-extensions.js';

const nothing = { stdin: 'null', stdout: 'null', stderr: 'null' } as const;
const file = 'file:///var/log/a,stdin';

/** What a start without a choice of streams makes of those that the container was made with. */
const again = (option: StdioOption, tty = false) =>
  notedStdio({ extensions: stdioExtensions(stdioOf(option, tty)) });

describe('the streams of a further start', () => {
  it.each<[string, StdioOption, StdioOption]>([
    ['nothing', 'null', nothing],
    ['pipes', 'pipe', { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' }],
    ['some pipes', { stdout: 'pipe' }, { ...nothing, stdout: 'pipe' }],
    ['nothing where they were this process’s', 'inherit', nothing],
    ['nothing where it was a stream', { stdout: new Writable() }, nothing],
    ['a log', { stdout: file }, { stdin: 'null', stdout: file, stderr: file }],
    [
      'a logger and input',
      { stdin: 'pipe', stdout: 'binary:///bin/log?a=b' },
      {
        stdin: 'pipe',
        stdout: 'binary:///bin/log?a=b',
        stderr: 'binary:///bin/log?a=b',
      },
    ],
  ])('are %s', (_what, option, expected) => {
    expect(again(option)).toEqual(expected);
  });

  it('have no stderr with a terminal', () => {
    expect(again('pipe', true)).toEqual({ stdin: 'pipe', stdout: 'pipe', stderr: 'null' });
  });

  it('leave no note where there are none, and name a file for its readers', () => {
    expect(stdioExtensions(stdioOf(undefined, false))).toEqual({});
    const extensions = stdioExtensions(stdioOf({ stdout: 'file:///a%20b' }, false));
    expect(loggedTo({ extensions })).toBe('/a b');
  });
});
