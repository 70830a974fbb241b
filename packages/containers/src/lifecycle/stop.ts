import { CtrdError, checkMilliseconds, hasCode, mergeSignals, type Running } from '@ctrd/core';
import type { DestroyOptions } from '../container-options.js';
import { deliveredExit } from '../exits/delivering.js';
import type { ExitMessage } from '../exits/exit-message.js';
import { labelledExit, labels } from './labels.js';
import type { ContainerParts } from './parts.js';
import { type ContainerRecord, findRecord, getRecord, labelRecord } from './records.js';
import { restartStatusLabel, stoppedLabels } from './restart.js';
import { signalNumber } from './signals.js';
import { findTask, signalTask } from './tasks.js';

const defaultGraceMs = 10_000;

/** Ends a container's process and keeps the container. */
export async function stopContainer(
  parts: ContainerParts,
  id: string,
  options: Running<DestroyOptions>,
): Promise<ExitMessage> {
  const record = await getRecord(parts.rpc, id, options.signal);
  const exit = await endTask(parts, record, options);
  if (exit !== undefined) return exit;
  throw new CtrdError('it is not running and has never run', {
    code: 'failed-precondition',
    reason: 'state',
  });
}

/**
 * The stop signal, the grace, SIGKILL for what is left, and the exit. `undefined` for a container
 * that has no task and no noted exit.
 */
export async function endTask(
  parts: ContainerParts,
  record: ContainerRecord,
  { graceMs = defaultGraceMs, stopSignal, signal }: Running<DestroyOptions>,
): Promise<ExitMessage | undefined> {
  const { id } = record;
  const key = { containerId: id, execId: '' };
  checkMilliseconds('graceMs', graceMs);
  const gentle = signalNumber(
    stopSignal ?? (record.labels[labels.stopSignal] || 'SIGTERM'),
    'stopSignal',
  );
  if (record.labels[restartStatusLabel] === 'running') {
    await labelRecord(parts.rpc, id, stoppedLabels, signal);
  }
  const delivered = deliveredExit(key);
  if (delivered !== undefined) return delivered;
  const task = await findTask(parts.rpc, key, signal);
  if (task === undefined) return labelledExit(record) ?? parts.registry.get(id)?.process.exit.exit;
  if (task.status === 'created' && parts.registry.get(id) === undefined) return undefined;

  if (graceMs > 0 && task.status !== 'stopped' && task.status !== 'created') {
    await signalTask(parts.rpc, key, { number: gentle, signal });
    const exit = await waitFor(parts, id, graceMs, signal);
    if (exit !== undefined) return exit;
  }
  // A paused task is ended as well. Whatever else runs in the container ends with its first process.
  await signalTask(parts.rpc, key, { number: 9, all: true, signal });
  return await waitForExit(parts, id, signal);
}

/** How a container ends or has ended, of this client or another. */
export async function waitForExit(
  parts: ContainerParts,
  id: string,
  signal: AbortSignal,
): Promise<ExitMessage> {
  const key = { containerId: id, execId: '' };
  const delivered = deliveredExit(key);
  if (delivered !== undefined) return delivered;
  const live = parts.registry.get(id)?.process.exit;
  if (live !== undefined && live.exit === undefined) return await live.wait(signal);
  const noted = await notedExit(parts, id, live?.exit, signal);
  if (noted !== undefined) return noted;
  const exit = await parts.exits.watch(key, { signal });
  if (exit.lost === undefined) return exit;
  return labelledExit(await getRecord(parts.rpc, id, signal)) ?? exit;
}

/**
 * What the record says of the exit. Of one that this client has seen, it may be gone, or tell of none:
 * another client has started the container again, unless nothing of it runs.
 */
async function notedExit(
  { rpc }: ContainerParts,
  id: string,
  seen: ExitMessage | undefined,
  signal: AbortSignal,
): Promise<ExitMessage | undefined> {
  if (seen === undefined) return labelledExit(await getRecord(rpc, id, signal));
  try {
    const record = await findRecord(rpc, id, signal);
    const noted = record && labelledExit(record);
    if (noted !== undefined) return isSame(noted, seen) ? seen : noted;
    const task = await findTask(rpc, { containerId: id, execId: '' }, signal);
    return task === undefined || task.status === 'stopped' ? seen : undefined;
  } catch (error) {
    // While the daemon is away, nobody starts anything again.
    if (hasCode(error, 'unavailable')) return seen;
    throw error;
  }
}

function isSame(a: ExitMessage, b: ExitMessage): boolean {
  return a.exitCode === b.exitCode && a.exitedAt.getTime() === b.exitedAt.getTime();
}

/** The exit within a time, or `undefined`. */
async function waitFor(
  parts: ContainerParts,
  id: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ExitMessage | undefined> {
  using merged = mergeSignals({ timeoutMs }, signal);
  try {
    return await waitForExit(parts, id, merged.signal);
  } catch (error) {
    if (!signal.aborted && hasCode(error, 'timeout')) return undefined;
    throw error;
  }
}
