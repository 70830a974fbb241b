import { once } from 'node:events';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { CtrdError, type Report, toCtrdError } from '@ctrd/core';
import type { Input } from './input.js';
import type { Output } from './output.js';
import type { OutputOption, Stdio } from './stdio.js';

/** Leads a source that is not the handle's into the input, until the result is closed. */
export function feed({ stream }: Input, { stdin }: Stdio, report: Report): { close(): void } {
  const source = stdin === 'inherit' ? process.stdin : stdin;
  if (typeof source === 'string') return { close() {} };
  const failed = (error: Error) => {
    report({ source: 'stdin', error: toCtrdError(error) });
    stream.end();
  };
  source.once('error', failed);
  source.pipe(stream);
  return {
    close() {
      source.unpipe(stream);
      source.off('error', failed);
      // A program that reads its own input no more can end.
      if (stdin === 'inherit') process.stdin.pause();
    },
  };
}

/** Leads an output to where it goes, unless that is the handle; resolves when all has gone there. */
export async function deliver(
  output: Output | undefined,
  option: OutputOption,
  own: Writable,
  report: Report,
): Promise<void> {
  if (output === undefined || option === 'pipe') return;
  const target = option === 'inherit' ? own : option;
  if (typeof target === 'string') {
    // Attached to pipes that somebody else wanted: the process must not wait for a reader.
    output.stream.resume();
    return;
  }
  output.stream.pipe(target, { end: false });
  const over = new AbortController();
  const lost = once(target, 'close', { signal: over.signal }).then(() => {
    throw new Error('the stream that takes the output was closed');
  });
  lost.catch(() => {});
  try {
    await Promise.race([finished(output.stream), lost]);
  } catch (error) {
    report({ source: 'output', error: toCtrdError(error) });
    // The process goes on; what it writes is thrown away from now on.
    output.stream.unpipe(target);
    output.stream.resume();
  } finally {
    over.abort();
  }
}

/** The stdin of a handle whose process reads from elsewhere, or not at all. */
export function noInput(): Writable {
  return new Writable({
    write(_chunk, _encoding, callback) {
      callback(
        new CtrdError('the input of the process is not a pipe: set stdio.stdin to pipe', {
          code: 'failed-precondition',
          reason: 'no-pipe',
        }),
      );
    },
  });
}
