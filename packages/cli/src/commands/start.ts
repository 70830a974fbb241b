import { invalidArgument } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { forEach } from '../each.js';
import { findContainer } from '../find-container.js';
import { printChunk } from '../output/chunk.js';
import { keyboard } from '../terminal/keyboard.js';
import { leave, untilEnd } from './run.js';

interface StartFlags {
  readonly attach?: true;
  readonly interactive?: true;
  readonly detachKeys?: string;
}

export const start: Run<StartFlags> = async (references, flags, context) => {
  const { client, signal } = context;
  if (flags.attach === true || flags.interactive === true) {
    const [reference = '', ...others] = references;
    if (others.length > 0) throw invalidArgument('--attach', 'be used with one container');
    await startAttached(reference, flags, context);
    return;
  }
  await forEach(references, async (reference) => {
    const { id } = await findContainer(context, reference);
    await client.startContainer(id, { signal });
    return reference;
  });
};

async function startAttached(
  reference: string,
  flags: StartFlags,
  context: Context,
): Promise<void> {
  const { client, signal } = context;
  const { id, tty, logPath } = await findContainer(context, reference);
  const interactive = flags.interactive === true;
  const { stdin, left } = keyboard({ tty, interactive, detachKeys: flags.detachKeys });
  const container = await client.recoverContainer(id, {
    stdio: { stdin, stdout: 'inherit', stderr: 'inherit' },
    signal,
  });
  const output = logPath === undefined ? [] : client.containerLogs(id, { follow: true, signal });
  const printed = (async () => {
    for await (const chunk of output) await printChunk(chunk);
  })();
  const exit = await untilEnd(container, context, { tty, interactive, left, start: true });
  if (typeof exit === 'object') await printed;
  if (typeof exit === 'object') context.exit(exit.exitCode);
  else leave(container, exit, context);
}
