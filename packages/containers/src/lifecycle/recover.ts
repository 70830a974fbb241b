import { CtrdError, ownerLabel, type Running } from '@ctrd/core';
import type { AttachOptions } from '../container-options.js';
import { fifoFolderOf } from '../io/fifo.js';
import { openProcessIo } from '../io/process-io.js';
import { stdioOf } from '../io/stdio.js';
import { watchInit } from './create.js';
import { closeInput } from './live-process.js';
import type { ContainerParts } from './parts.js';
import { getRecord, labelRecord } from './records.js';
import type { LiveContainer } from './registry.js';
import { findTask } from './tasks.js';
import { checkId } from './validate.js';

/**
 * Takes up a container that is not of this client, or not any more: attaches to its pipes, watches
 * it, and delivers its exit, also one of the time when nobody watched.
 */
export async function recoverContainer(
  parts: ContainerParts,
  id: string,
  { stdio = 'pipe', signal }: Running<AttachOptions>,
): Promise<LiveContainer> {
  checkId(id);
  using _turn = await parts.locks.lock(id, signal);
  const known = parts.registry.get(id);
  if (known !== undefined && known.process.exit.exit === undefined) {
    throw new CtrdError('this client watches it already', {
      code: 'already-exists',
      reason: 'watched',
    });
  }
  await getRecord(parts.rpc, id, signal);
  const key = { containerId: id, execId: '' };
  const task = await findTask(parts.rpc, key, signal);
  if (task === undefined) {
    throw new CtrdError('it has no process; its exit, if it is known, is in getContainer()', {
      code: 'not-found',
      reason: 'no-task',
    });
  }
  // Whoever made it may be gone: from now on it is this client's to care for.
  await labelRecord(parts.rpc, id, { [ownerLabel]: parts.owner.id }, signal);
  const folder = fifoFolderOf(parts.runtimeDir, [task.stdin, task.stdout, task.stderr]);
  const io = openProcessIo(task, {
    stdio: stdioOf(stdio, task.terminal),
    report: parts.report,
    folder,
  });
  io.connected(closeInput(parts, key));
  const container: LiveContainer = {
    id,
    pid: task.pid,
    process: watchInit(parts, id, io),
    execs: new Map(),
  };
  parts.registry.add(container);
  return container;
}
