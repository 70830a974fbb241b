import type { Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { keyboard } from '../terminal/keyboard.js';
import { leave, untilEnd } from './run.js';

interface AttachFlags {
  readonly detachKeys?: string;
  /** `--no-stdin` makes it false. */
  readonly stdin: boolean;
}

export const attach: Run<AttachFlags> = async ([reference = ''], flags, context) => {
  const { id, tty } = await findContainer(context, reference);
  const interactive = flags.stdin;
  const { stdin, left } = keyboard({ tty, interactive, detachKeys: flags.detachKeys });
  const container = await context.client.recoverContainer(id, {
    stdio: { stdin, stdout: 'inherit', stderr: 'inherit' },
    signal: context.signal,
  });
  const exit = await untilEnd(container, context, { tty, interactive, left });
  if (typeof exit === 'object') context.exit(exit.exitCode);
  else leave(container, exit, context);
};
