import type { Readable, Writable } from 'node:stream';
import { CtrdError, invalidArgument } from '@ctrd/core';

/**
 * Where a process reads from: `pipe` gives the handle a `stdin` to write to, `inherit` takes this
 * process's, `null` ends at once. A stream is read to its end.
 */
export type StdinOption = 'pipe' | 'inherit' | 'null' | Readable;

/**
 * Where a process writes to: `pipe` gives the handle a stream to read, `inherit` goes to this
 * process's, `null` nowhere. A stream is written to and not ended. `file:///path` lets the shim
 * append to a file, `binary:///program?key=value` feed a logging program: both go on without this
 * process, and take stdout and stderr together.
 */
export type OutputOption = 'pipe' | 'inherit' | 'null' | Writable | LogUri;

/** A file that output is appended to, or a program of the daemon's machine that takes it. */
export type LogUri = `file:///${string}` | `binary:///${string}`;

/**
 * The streams of a process. `pipe`, `inherit` and `null` stand for all three. Default: `null`, which a
 * process with a terminal cannot have for its output.
 */
export type StdioOption =
  | 'pipe'
  | 'inherit'
  | 'null'
  | {
      readonly stdin?: StdinOption | undefined;
      readonly stdout?: OutputOption | undefined;
      /** With a terminal there is none: everything is on stdout. */
      readonly stderr?: OutputOption | undefined;
    };

/** The three choices, each one made. */
export interface Stdio {
  readonly stdin: StdinOption;
  readonly stdout: OutputOption;
  readonly stderr: OutputOption;
  /** The logging URI, when stdout has one; stderr goes there too. */
  readonly log: LogUri | undefined;
}

/** Makes every choice. Throws `invalid-argument`, naming the field. */
export function stdioOf(option: StdioOption | undefined, tty: boolean): Stdio {
  const choice =
    typeof option === 'string' ? { stdin: option, stdout: option, stderr: option } : (option ?? {});
  const { stdin = 'null', stdout = 'null', stderr = 'null' } = choice;
  checkStream('stdio.stdin', stdin, 'read');
  checkStream('stdio.stdout', stdout, 'write');
  checkStream('stdio.stderr', stderr, 'write');
  const log = isLogUri(stdout) ? stdout : undefined;
  if (isLogUri(stderr) && stderr !== stdout) {
    throw invalidArgument('stdio.stderr', 'be the same URI as stdout: a log takes both', stderr);
  }
  if (log?.startsWith('file:') && tty) {
    throw new CtrdError('stdio.stdout cannot be a file with a terminal; binary:// can', {
      code: 'invalid-argument',
      field: 'stdio.stdout',
    });
  }
  return { stdin, stdout, stderr: tty || log !== undefined ? 'null' : stderr, log };
}

/** The streams of a process that is to be made. Throws like {@link stdioOf}. */
export function newStdio(option: StdioOption | undefined, tty: boolean): Stdio {
  const stdio = stdioOf(option, tty);
  // The shim copies a terminal's output, and fails when there is nowhere to copy it to.
  if (tty && stdio.stdout === 'null') {
    throw invalidArgument('stdio.stdout', 'go somewhere with a terminal', stdio.stdout);
  }
  return stdio;
}

export function isLogUri(option: unknown): option is LogUri {
  return (
    typeof option === 'string' &&
    /^(file|binary):\/\/\/./.test(option) &&
    pathOf(option) !== undefined
  );
}

/** The file that a URI names, as the shim reads it; `undefined` for a program. */
export function logFileOf(log: LogUri): string | undefined {
  return log.startsWith('file:') ? pathOf(log) : undefined;
}

function pathOf(uri: string): string | undefined {
  const [path = ''] = uri.replace(/^\w+:\/\//, '').split(/[?#]/, 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function checkStream(field: string, option: unknown, use: 'read' | 'write'): void {
  if (option === 'pipe' || option === 'inherit' || option === 'null') return;
  if (use === 'write' && isLogUri(option)) return;
  const method = use === 'read' ? 'pipe' : 'write';
  if (typeof (option as Record<string, unknown> | undefined)?.[method] === 'function') return;
  const uris = use === 'write' ? ', file:///path, binary:///program' : '';
  throw invalidArgument(field, `be pipe, inherit, null${uris} or a stream`, option);
}
