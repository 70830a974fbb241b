import { Transform } from 'node:stream';
import type { StdioOption } from '@ctrd/client';
import { defaultDetachKeys, parseDetachKeys, watchKeys } from './detach-keys.js';

/** What is typed into a process. */
export interface Keyboard {
  /** What the process reads. */
  readonly stdin: Exclude<StdioOption, string>['stdin'];
  /** Resolves when the keys were typed by which one leaves; never without a terminal. */
  readonly left: Promise<'left'>;
}

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
  const never = new Promise<'left'>(() => {});
  if (!interactive) return { stdin: 'null', left: never };
  if (!tty || !process.stdin.isTTY) return { stdin: 'inherit', left: never };
  const watch = watchKeys(sequence);
  let leave: (reason: 'left') => void = () => {};
  const left = new Promise<'left'>((resolve) => {
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
  process.stdin.pipe(stdin);
  return { stdin, left };
}
