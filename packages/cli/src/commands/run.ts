import { randomBytes } from 'node:crypto';
import type { Container } from '@ctrd/client';
import { invalidArgument } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { logPath, logUri } from '../detached-log.js';
import { containerOptions, isSilent, type RunFlags } from '../options/run-options.js';
import { connectTerminal, currentSize } from '../terminal/attach.js';
import { hungUpCode, keyboard, type Leaving } from '../terminal/keyboard.js';
import { pullFor } from './pull.js';

export const run: Run<RunFlags> = async ([image = '', ...args], flags, context) => {
  const { tty = false, interactive = false, detach = false, detachKeys } = flags;
  if (detach && flags.rm === true) {
    throw invalidArgument('--rm', 'be left out with --detach: nobody is there to remove it');
  }
  const id = flags.name ?? newId();
  const options = await containerOptions(id, image, args, flags);
  await pullFor(context, image, flags);
  if (detach) {
    await createDetached(context, options, { tty, interactive, silent: isSilent(flags) });
    process.stdout.write(`${id}\n`);
    return;
  }
  const { stdin, left } = keyboard({ tty, interactive, detachKeys });
  const container = await context.client.createContainer({
    ...options,
    tty: tty ? currentSize() : false,
    stdio: { stdin, stdout: 'inherit', stderr: 'inherit' },
    start: false,
    signal: context.signal,
  });
  // Started when its terminal is connected: no signal and no size is lost.
  const exit = await untilEnd(container, context, { tty, interactive, left, start: true }).catch(
    async (error: unknown) => {
      await container.destroy({ graceMs: 0 });
      throw error;
    },
  );
  if (typeof exit === 'object') {
    if (flags.rm === true) await container.destroy();
    context.exit(exit.exitCode);
  } else if (exit === 'hung-up' && flags.rm === true) {
    await container.destroy({ stopSignal: 'SIGHUP' });
    context.exit(hungUpCode);
  } else leave(container, exit, context);
};

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

export const create: Run<RunFlags> = async ([image = '', ...args], flags, context) => {
  const { tty = false, interactive = false } = flags;
  const id = flags.name ?? newId();
  const options = await containerOptions(id, image, args, flags);
  await pullFor(context, image, flags);
  const silent = isSilent(flags);
  await createDetached(context, { ...options, start: false }, { tty, interactive, silent });
  process.stdout.write(`${id}\n`);
};

/** Connects this terminal with a container until it has ended, or the user leaves it. */
export async function untilEnd(
  container: Container,
  { signals }: Pick<Context, 'signals'>,
  {
    left,
    start = false,
    ...wishes
  }: { tty: boolean; interactive: boolean; left: Promise<Leaving>; start?: boolean },
) {
  using _terminal = connectTerminal(container, { ...wishes, signals });
  if (start) await container.start();
  return await Promise.race([container.wait(), left]);
}

/** Makes a container that needs nobody: its output goes to a log, a terminal's to who attaches. */
async function createDetached(
  { client, namespace, signal }: Context,
  options: Parameters<Context['client']['createContainer']>[0],
  { tty, interactive, silent }: { tty: boolean; interactive: boolean; silent: boolean },
): Promise<void> {
  const uri = logUri(logPath(namespace, options.id));
  const stdin = interactive ? 'pipe' : 'null';
  const output = silent ? 'null' : uri;
  const log = tty || silent ? undefined : uri;
  const restart = options.restart && { ...options.restart, log };
  await client.createContainer({
    ...options,
    signal,
    tty,
    restart,
    stdio: tty
      ? { stdin, stdout: 'pipe', stderr: 'pipe' }
      : { stdin, stdout: output, stderr: output },
  });
}

const newId = (): string => randomBytes(6).toString('hex');
