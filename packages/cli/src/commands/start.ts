import type { Container, ContainerInfo } from '@ctrd/client';
import { CtrdError, invalidArgument } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { type Log, logOf, logTarget, uriOf } from '../detached-log.js';
import { forEach } from '../each.js';
import { findContainer, isRunning } from '../find-container.js';
import { keep } from '../keep.js';
import { logPrinter } from '../logs/print-log.js';
import { logDriverLabel } from '../options/run-options.js';
import { removerOf } from '../removal.js';
import { removeContainer } from '../remove-container.js';
import { type Keyboard, keyboard } from '../terminal/keyboard.js';
import { graceOf } from './lifecycle.js';
import { leave, untilEnd } from './run.js';

interface StartFlags {
  readonly attach?: true;
  readonly interactive?: true;
  readonly detachKeys?: string;
}

export const start: Run<StartFlags> = async (references, flags, context) => {
  if (flags.attach === true || flags.interactive === true) {
    const [reference = '', ...others] = references;
    if (others.length > 0) throw invalidArgument('--attach', 'be used with one container');
    await startAttached(reference, flags, context);
    return;
  }
  await forEach(references, async (reference) => {
    await startDetached(await findContainer(context, reference), context);
    return reference;
  });
};

interface RestartFlags {
  readonly time?: number;
  readonly signal?: string;
}

/** One that does not run is started all the same, as docker does. */
export const restart: Run<RestartFlags> = (references, { time, signal: stopSignal }, context) =>
  forEach(references, async (reference) => {
    const { client, signal } = context;
    const info = await findContainer(context, reference);
    const graceMs = graceOf(info.labels, time);
    if (isRunning(info) && removerOf(info) !== undefined) {
      throw new CtrdError('it is removed when it ends (--rm), and could not be started again', {
        ...{ code: 'failed-precondition', reason: 'state', subject: info.id },
      });
    }
    if (isRunning(info)) await client.stopContainer(info.id, { graceMs, stopSignal, signal });
    await startDetached(info, context);
    return reference;
  });

/** Without this terminal: its output goes to its log, that of a terminal to whoever attaches. */
async function startDetached(info: ContainerInfo, context: Context): Promise<void> {
  const { client, namespace, signal } = context;
  const { id, status, tty, labels } = info;
  const asItWas =
    status === 'created' || tty || logOf(info) !== undefined || labels[logDriverLabel] === 'none';
  const { uri } = await logTarget('file', namespace, id);
  const stdio = asItWas ? undefined : { stdout: uri, stderr: uri };
  await client.startContainer(id, { stdio, signal });
  if (removerOf(info) !== undefined) await keep(id, context);
}

async function startAttached(
  reference: string,
  flags: StartFlags,
  context: Context,
): Promise<void> {
  const info = await findContainer(context, reference);
  const { tty } = info;
  const interactive = flags.interactive === true;
  const { stdin, left } = keyboard({ tty, interactive, detachKeys: flags.detachKeys });
  const log = logOf(info);
  if (interactive && !tty && log?.json === true) {
    throw invalidArgument('--interactive', 'be left out: one with a json-file log has no input');
  }
  const print = log && (await logPrinter(info, log, context));
  const start = info.status === 'created';
  const take = start ? takeUp : startAnew;
  const container = await take(info, { stdin, log }, context);
  const exit = await untilEnd(container, context, { tty, interactive, left, start, print });
  const isRemoved = removerOf(info) !== undefined;
  if (typeof exit === 'object') {
    if (isRemoved) await removeContainer(context.client, info, context.namespace);
    context.exit(exit.exitCode);
    return;
  }
  if (isRemoved) await keep(info.id, context);
  leave(container, exit, context);
}

interface Streams {
  readonly stdin: Keyboard['stdin'];
  readonly log: Log | undefined;
}

/** One that has ended: its output goes to where it went before, and from a log here. */
async function startAnew(
  { id }: ContainerInfo,
  { stdin = 'null', log }: Streams,
  { client, signal }: Context,
): Promise<Container> {
  if (log === undefined) {
    const stdio = { stdin, stdout: 'inherit', stderr: 'inherit' } as const;
    return await client.startContainer(id, { stdio, signal });
  }
  // Its streams are noted with the log: a later start gives it an input again.
  const uri = uriOf(log);
  const piped = stdin === 'null' ? stdin : 'pipe';
  const stdio = { stdin: piped, stdout: uri, stderr: uri } as const;
  const container = await client.startContainer(id, { stdio, signal });
  const source = stdin === 'inherit' ? process.stdin : stdin;
  if (typeof source !== 'string') source.pipe(container.stdin);
  return container;
}

/** One that waits to be started: it has its streams. */
function takeUp(
  { id }: ContainerInfo,
  { stdin }: Streams,
  { client, signal }: Context,
): Promise<Container> {
  const stdio = { stdin, stdout: 'inherit', stderr: 'inherit' } as const;
  return client.recoverContainer(id, { stdio, signal });
}
