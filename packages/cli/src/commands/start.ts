import type { Container, ContainerInfo } from '@ctrd/client';
import { invalidArgument } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { logPath, logUri } from '../detached-log.js';
import { forEach } from '../each.js';
import { findContainer, isRunning } from '../find-container.js';
import { logDriverLabel } from '../options/run-options.js';
import { printChunk } from '../output/chunk.js';
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
    if (isRunning(info)) await client.stopContainer(info.id, { graceMs, stopSignal, signal });
    await startDetached(info, context);
    return reference;
  });

/** Without this terminal: its output goes to its log, that of a terminal to whoever attaches. */
async function startDetached(info: ContainerInfo, context: Context): Promise<void> {
  const { client, namespace, signal } = context;
  const { id, status, tty, labels } = info;
  const asItWas =
    status === 'created' || tty || info.logPath !== undefined || labels[logDriverLabel] === 'none';
  const uri = logUri(logPath(namespace, id));
  const stdio = asItWas ? undefined : { stdout: uri, stderr: uri };
  await client.startContainer(id, { stdio, signal });
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
  const { container, printed } =
    info.status === 'created'
      ? await takeUp(info, stdin, context)
      : { container: await startAnew(info, stdin, context), printed: undefined };
  const start = info.status === 'created';
  const exit = await untilEnd(container, context, { tty, interactive, left, start });
  if (typeof exit === 'object') await printed;
  if (typeof exit === 'object') context.exit(exit.exitCode);
  else leave(container, exit, context);
}

/** One that has ended; what it says from now on goes here, and not to its log. */
function startAnew(
  { id }: ContainerInfo,
  stdin: Keyboard['stdin'],
  { client, signal }: Context,
): Promise<Container> {
  const stdio = { stdin, stdout: 'inherit', stderr: 'inherit' } as const;
  return client.startContainer(id, { stdio, signal });
}

/** One that waits to be started. What it says goes to its log, if it has one, and from there here. */
async function takeUp(
  { id, logPath }: ContainerInfo,
  stdin: Keyboard['stdin'],
  { client, signal }: Context,
): Promise<{ container: Container; printed: Promise<void> }> {
  const stdio = { stdin, stdout: 'inherit', stderr: 'inherit' } as const;
  const container = await client.recoverContainer(id, { stdio, signal });
  const output = logPath === undefined ? [] : client.containerLogs(id, { follow: true, signal });
  const printed = (async () => {
    for await (const chunk of output) await printChunk(chunk);
  })();
  return { container, printed };
}
