import { randomBytes } from 'node:crypto';
import type { Container, ContainerOptions } from '@ctrd/client';
import { CtrdError, hasCode } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { isThere, type LogTarget, logTarget, removeLog } from '../detached-log.js';
import { explain } from '../failure.js';
import { type Keeper, startKeeper } from '../keep.js';
import { containerOptions, logDriverOf, type RunFlags } from '../options/run-options.js';
import { nobody, removalBy } from '../removal.js';
import { removeContainer } from '../remove-container.js';
import { pullFor } from './pull.js';

export const create: Run<RunFlags> = async ([image = '', ...args], flags, context) => {
  const id = flags.name ?? newId();
  const options = await containerOptions(id, image, args, flags);
  const extensions = flags.rm === true ? removalBy(nobody) : {};
  await pullFor(context, image, flags);
  await makeDetached(context, { ...options, extensions, start: false }, flags);
  process.stdout.write(`${id}\n`);
};

/** `run --detach`. */
export async function runDetached(
  context: Context,
  options: ContainerOptions,
  flags: RunFlags,
): Promise<void> {
  const { id } = options;
  using keeper = flags.rm === true ? startKeeper(id, context) : undefined;
  await makeDetached(context, options, flags);
  if (keeper !== undefined) await keptOrRemoved(keeper, id, context);
  process.stdout.write(`${id}\n`);
}

/** Makes a container; one that could not be made leaves no log. */
export async function makeContainer(
  { client, signal }: Pick<Context, 'client' | 'signal'>,
  options: ContainerOptions,
  target: LogTarget | undefined,
): Promise<Container> {
  // A log that was there before may be that of a container of this name.
  const isOurs = target !== undefined && !(await isThere(target.log.path));
  try {
    return await client.createContainer({
      ...options,
      extensions: { ...options.extensions, ...target?.extensions },
      restart: options.restart && { ...options.restart, log: target?.uri },
      signal,
    });
  } catch (error) {
    if (isOurs && !hasCode(error, 'already-exists')) await removeLog(target.log.path);
    throw error;
  }
}

export const newId = (): string => randomBytes(6).toString('hex');

/** Makes a container that needs nobody: its output goes to a log, a terminal's to who attaches. */
async function makeDetached(
  context: Context,
  options: ContainerOptions,
  flags: RunFlags,
): Promise<void> {
  const { tty = false, interactive = false } = flags;
  const driver = logDriverOf(flags);
  // The shim writes no terminal to a file, but a logger reads one.
  const kept = driver === 'json-file' || (driver === 'file' && !tty);
  const target = kept ? await logTarget(driver, context.namespace, options.id) : undefined;
  const output = target?.uri ?? (tty ? 'pipe' : 'null');
  const stdin = interactive ? 'pipe' : 'null';
  const stdio = { stdin, stdout: output, stderr: output } as const;
  await makeContainer(context, { ...options, tty, stdio }, target);
}

/** How long the removal of what nobody would remove may take. */
const removalTimeoutMs = 60_000;

/** One that nobody would remove must not be there: neither it nor its log. */
async function keptOrRemoved(
  keeper: Keeper,
  id: string,
  { client, namespace }: Context,
): Promise<void> {
  try {
    await keeper.take();
  } catch (error) {
    const limit = { timeoutMs: removalTimeoutMs };
    try {
      const info = await client.getContainer(id, limit);
      await removeContainer(client, info, namespace, { graceMs: 0, ...limit });
    } catch (failure) {
      if (!hasCode(failure, 'not-found')) throw stays(id, error, failure);
    }
    throw error;
  }
}

function stays(subject: string, error: unknown, failure: unknown): CtrdError {
  return new CtrdError(`${explain(error)}; it stays: ${explain(failure)}`, {
    ...{ code: 'aborted', reason: 'keeper', subject, cause: failure },
  });
}
