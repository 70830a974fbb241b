import { randomBytes } from 'node:crypto';
import { rm as removeFile } from 'node:fs/promises';
import type { Container, ContainerOptions } from '@ctrd/client';
import { hasCode, invalidArgument } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { isThere, type LogDriver, type LogTarget, logTarget } from '../detached-log.js';
import { logPrinter } from '../logs/print-log.js';
import { containerOptions, logDriverOf, type RunFlags } from '../options/run-options.js';
import { wrong } from '../options/wrong.js';
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
    await createDetached(context, options, { tty, interactive, driver: logDriverOf(flags) });
    process.stdout.write(`${id}\n`);
    return;
  }
  const { stdin, left } = keyboard({ tty, interactive, detachKeys });
  const target = await keptOf(id, flags, context);
  const output = target?.uri ?? 'inherit';
  const removeLog = async () => {
    if (target !== undefined) await removeFile(target.log.path, { force: true });
  };
  // A log that was there before is not ours: it may be that of a container of this name.
  const isOurs = target !== undefined && !(await isThere(target.log.path));
  const container = await context.client
    .createContainer({
      ...options,
      tty: tty ? currentSize() : false,
      extensions: target?.extensions,
      restart: options.restart && { ...options.restart, log: target?.uri },
      stdio: { stdin, stdout: output, stderr: output },
      start: false,
      signal: context.signal,
    })
    .catch(async (error: unknown) => {
      if (isOurs && !hasCode(error, 'already-exists')) await removeLog();
      throw error;
    });
  const remove = async (how?: Parameters<Container['destroy']>[0]) => {
    await container.destroy(how);
    await removeLog();
  };
  // Started when its terminal is connected: no signal and no size is lost.
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
  const driver = logDriverOf(flags);
  await createDetached(context, { ...options, start: false }, { tty, interactive, driver });
  process.stdout.write(`${id}\n`);
};

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

/** Makes a container that needs nobody: its output goes to a log, a terminal's to who attaches. */
async function createDetached(
  { client, namespace, signal }: Context,
  options: ContainerOptions,
  { tty, interactive, driver }: { tty: boolean; interactive: boolean; driver: LogDriver },
): Promise<void> {
  // The shim writes no terminal to a file, but a logger reads one.
  const kept = driver === 'json-file' || (driver === 'file' && !tty);
  const target = kept ? await logTarget(driver, namespace, options.id) : undefined;
  const output = target?.uri ?? (tty ? 'pipe' : 'null');
  await client.createContainer({
    ...options,
    signal,
    tty,
    extensions: target?.extensions,
    restart: options.restart && { ...options.restart, log: target?.uri },
    stdio: { stdin: interactive ? 'pipe' : 'null', stdout: output, stderr: output },
  });
}

const newId = (): string => randomBytes(6).toString('hex');
