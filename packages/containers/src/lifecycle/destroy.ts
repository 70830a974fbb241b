import { createRollback, hasCode, type Running, withDeadline } from '@ctrd/core';
import { endForgottenShim } from '../care/forgotten-shims.js';
import type { DestroyOptions } from '../container-options.js';
import { deliveredExit } from '../exits/delivering.js';
import type { ExitMessage } from '../exits/exit-message.js';
import { fifoFolderOf, removeFifos } from '../io/fifo.js';
import { labels } from './labels.js';
import type { LiveProcess } from './live-process.js';
import type { ContainerParts } from './parts.js';
import { type ContainerRecord, deleteRecord, getRecord } from './records.js';
import { endTask } from './stop.js';
import { deleteTask, findTask, signalTask } from './tasks.js';
import { endUnrecorded } from './unrecorded.js';
import { checkId } from './validate.js';

/** What removes what is left may take so long, whatever became of the call. */
const removalTimeoutMs = 60_000;

/** How long the handlers of the exits of what was started in a container may take. */
const execsTimeoutMs = 10_000;

/**
 * Ends and removes a container, of this client or another. Handlers are not told of its exit. The
 * removal, once begun, is not aborted.
 */
export async function destroyContainer(
  parts: ContainerParts,
  id: string,
  options: Running<DestroyOptions>,
): Promise<ExitMessage | undefined> {
  checkId(id);
  // In a handler of its exit, the turn may be another call's that waits for the handlers.
  const inHandler = deliveredExit({ containerId: id, execId: '' }) !== undefined;
  using _turn = inHandler ? undefined : await parts.locks.lock(id, options.signal);
  const live = parts.registry.get(id);
  const record = await getRecord(parts.rpc, id, options.signal).catch(async (error: unknown) => {
    if (live !== undefined && hasCode(error, 'not-found')) {
      await endUnrecorded(parts, id, options.signal);
    }
    throw error;
  });
  await using rollback = createRollback(parts.report);
  if (live !== undefined) {
    live.process.quiet = true;
    rollback.add('quiet', async () => {
      live.process.quiet = false;
    });
  }
  const exit = await endTask(parts, record, options);
  const execs = [...(live?.execs.values() ?? [])];
  await Promise.all(execs.map(delivered));
  await withDeadline(removalTimeoutMs, (signal) => removeContainer(parts, record, signal));
  for (const { pipes } of await parts.journal.forgetContainer(id)) {
    // Of what another client has started in it, and left.
    if (pipes !== undefined) await removeFifos(pipes);
  }
  rollback.commit();
  if (live !== undefined) {
    parts.registry.remove(live);
    for (const process of [...execs, live.process]) {
      // Its own delivery may still be on the way to let go of the streams.
      const onItsWay = process.exit.exit !== undefined || deliveredExit(process.key) !== undefined;
      if (!onItsWay) process.abandon();
      process.removed = true;
      await process.io.remove();
    }
  }
  return exit;
}

/** What was started in the container has ended with it; its handlers are told before it is gone. */
async function delivered({ key, exit }: LiveProcess): Promise<void> {
  // One of those handlers may be who destroys the container.
  if (deliveredExit(key) !== undefined) return;
  await withDeadline(execsTimeoutMs, (signal) => exit.wait(signal)).catch(() => {});
}

async function removeContainer(
  parts: ContainerParts,
  record: ContainerRecord,
  signal: AbortSignal,
): Promise<void> {
  const { id, snapshotter, snapshotKey } = record;
  await removeTask(parts, id, signal);
  if (snapshotKey !== '' && record.labels[labels.ownsSnapshot] !== 'false') {
    await parts.snapshots().remove(snapshotKey, { snapshotter, signal });
  }
  await deleteRecord(parts.patient, id, signal);
}

/** Deletes the task, never leaving a process that no record leads to any more. */
async function removeTask(parts: ContainerParts, id: string, signal: AbortSignal): Promise<void> {
  const key = { containerId: id, execId: '' };
  const task = await findTask(parts.patient, key, signal);
  if (task === undefined) {
    // Its deletion may have been cut off, by a host that died in it.
    await endForgottenShim(parts, id, signal);
    return;
  }
  if (task.status !== 'stopped') {
    await signalTask(parts.patient, key, { number: 9, all: true, signal });
    await parts.exits.watch(key, { signal });
  }
  await deleteTask(parts.patient, key, signal);
  const folder = fifoFolderOf(parts.runtimeDir, [task.stdin, task.stdout, task.stderr]);
  if (folder !== undefined) await removeFifos(folder);
}
