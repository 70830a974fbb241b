import type { Container, ContainerOptions } from '@ctrd/client';
import { processOwner } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { type LogTarget, logTarget, removeLog } from '../detached-log.js';
import { keep } from '../keep.js';
import { logPrinter } from '../logs/print-log.js';
import { containerOptions, logDriverOf, type RunFlags } from '../options/run-options.js';
import { wrong } from '../options/wrong.js';
import { removalBy } from '../removal.js';
import { unlessGone } from '../remove-container.js';
import { connectTerminal, currentSize } from '../terminal/attach.js';
import { hungUpCode, keyboard, type Leaving } from '../terminal/keyboard.js';
import { makeContainer, newId, runDetached } from './create.js';
import { pullFor } from './pull.js';

export const run: Run<RunFlags> = async ([image = '', ...args], flags, context) => {
  const id = flags.name ?? newId();
  const removal = flags.rm === true ? removalBy(processOwner().id) : {};
  const asked = await containerOptions(id, image, args, flags);
  const options = { ...asked, extensions: removal };
  await pullFor(context, image, flags);
  if (flags.detach === true) await runDetached(context, options, flags);
  else await runHere(context, options, flags);
};

/** With this terminal, or what it has in place of one. */
async function runHere(context: Context, options: ContainerOptions, flags: RunFlags) {
  const { id } = options;
  const { tty = false, interactive = false, detachKeys } = flags;
  const { stdin, left } = keyboard({ tty, interactive, detachKeys });
  const target = await keptOf(id, flags, context);
  const output = target?.uri ?? 'inherit';
  const container = await makeContainer(
    context,
    {
      ...options,
      tty: tty ? currentSize() : false,
      stdio: { stdin, stdout: output, stderr: output },
      // Started when its terminal is connected: no signal and no size is lost.
      start: false,
    },
    target,
  );
  const remove = async (how?: Parameters<Container['destroy']>[0]) => {
    await container.destroy(how).catch(unlessGone);
    if (target !== undefined) await removeLog(target.log.path);
  };
  const print = target && (await logPrinter({ id }, target.log, context));
  const wishes = { tty, interactive, left, start: true, print };
  const exit = await untilEnd(container, context, wishes).catch(async (error: unknown) => {
    await remove({ graceMs: 0 });
    throw error;
  });
  if (typeof exit === 'object') {
    if (flags.rm === true) await remove();
    context.exit(exit.exitCode);
  } else if (exit === 'hung-up' && flags.rm === true) {
    await remove({ stopSignal: 'SIGHUP' });
    context.exit(hungUpCode);
  } else {
    if (flags.rm === true) await keep(id, context);
    leave(container, exit, context);
  }
}

/** Lets a container go on without this terminal. */
export function leave(container: Container, how: Leaving, context: Pick<Context, 'exit'>): void {
  container.detach();
  if (how === 'hung-up') {
    context.exit(hungUpCode);
    return;
  }
  const { id } = container;
  process.stderr.write(`\r\nctrd: it goes on without you; come back with: ctrd attach ${id}\n`);
}

/**
 * Connects this terminal with a container until it has ended, or the user leaves it. What goes to a
 * log is printed from there.
 */
export async function untilEnd(
  container: Container,
  { signals }: Pick<Context, 'signals'>,
  {
    left,
    start = false,
    print = async () => {},
    ...wishes
  }: {
    tty: boolean;
    interactive: boolean;
    left: Promise<Leaving>;
    start?: boolean;
    print?: ((left: AbortSignal) => Promise<void>) | undefined;
  },
) {
  using _terminal = connectTerminal(container, { ...wishes, signals });
  if (start) await container.start();
  const leaving = new AbortController();
  const ended = async () => {
    const [exit] = await Promise.all([container.wait(), print(leaving.signal)]);
    return exit;
  };
  try {
    return await Promise.race([ended(), left]);
  } finally {
    leaving.abort();
  }
}

/** The log of one that runs in the foreground, where one is asked for: its output goes both ways. */
async function keptOf(
  id: string,
  flags: RunFlags,
  { namespace }: Context,
): Promise<LogTarget | undefined> {
  if (logDriverOf(flags) !== 'json-file') return undefined;
  if (flags.tty !== true) return await logTarget('json-file', namespace, id);
  throw wrong('--log-driver', 'left out with --tty, unless it is detached', 'json-file');
}
