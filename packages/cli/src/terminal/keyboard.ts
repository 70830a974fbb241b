import { Transform } from 'node:stream';
import type { StdioOption } from '@ctrd/client';
import { CtrdError } from '@ctrd/client/core';
import { defaultDetachKeys, parseDetachKeys, watchKeys } from './detach-keys.js';

/** What is typed into a process. */
export interface Keyboard {
  /** What the process reads. */
  readonly stdin: Exclude<StdioOption, string>['stdin'];
  /** Resolves when the user goes; never without a terminal. */
  readonly left: Promise<Leaving>;
}

/** By the keys for it, or because the terminal is gone: its window was closed. */
export type Leaving = 'left' | 'hung-up';

/** A process that SIGHUP ended has this code; so has a command whose terminal went away. */
export const hungUpCode = 129;

/** Our input for a process: as it is, or from a terminal on which keys mean leaving. */
export function keyboard({
  interactive,
  tty,
  detachKeys = defaultDetachKeys,
}: {
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detachKeys?: string | undefined;
}): Keyboard {
  const sequence = parseDetachKeys(detachKeys);
  const never = new Promise<Leaving>(() => {});
  if (!interactive) return { stdin: 'null', left: never };
  if (!tty) return { stdin: 'inherit', left: never };
  if (!process.stdin.isTTY) {
    // Its end would be that of the container's terminal, and of what runs there.
    throw new CtrdError('the input is not a terminal, as that of a terminal must be', {
      ...{ code: 'invalid-argument', reason: 'no-terminal', field: '--tty' },
    });
  }
  const watch = watchKeys(sequence);
  let leave: (how: Leaving) => void = () => {};
  const left = new Promise<Leaving>((resolve) => {
    leave = resolve;
  });
  const stdin = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const { onward, complete } = watch.take(chunk);
      if (onward.length > 0) this.push(onward);
      if (complete) leave('left');
      done();
    },
  });
  // Its end is no key: in raw mode, Ctrl-D is one like any other.
  process.stdin.once('end', () => leave('hung-up')).once('error', () => leave('hung-up'));
  process.stdin.pipe(stdin, { end: false });
  return { stdin, left };
}
