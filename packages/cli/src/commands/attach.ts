import type { Run } from '../context.js';
import { logOf } from '../detached-log.js';
import { findContainer } from '../find-container.js';
import { logPrinter } from '../logs/print-log.js';
import { keyboard } from '../terminal/keyboard.js';
import { leave, untilEnd } from './run.js';

interface AttachFlags {
  readonly detachKeys?: string;
  /** `--no-stdin` makes it false. */
  readonly stdin: boolean;
}

/** What goes to a log is printed from there, from now on. */
export const attach: Run<AttachFlags> = async ([reference = ''], flags, context) => {
  const info = await findContainer(context, reference);
  const { id, tty } = info;
  const log = logOf(info);
  const interactive = flags.stdin;
  const { stdin, left } = keyboard({ tty, interactive, detachKeys: flags.detachKeys });
  const print = log && (await logPrinter(info, log, context));
  const container = await context.client.recoverContainer(id, {
    stdio: { stdin, stdout: 'inherit', stderr: 'inherit' },
    signal: context.signal,
  });
  const exit = await untilEnd(container, context, { tty, interactive, left, print });
  if (typeof exit === 'object') context.exit(exit.exitCode);
  else leave(container, exit, context);
};
