import { Containers } from '@ctrd/api/services/containers/v1';
import {
  CtrdError,
  createRollback,
  hasCode,
  ownerLabel,
  type Rollback,
  type Running,
  throwIfAborted,
} from '@ctrd/core';
import type { StartOptions } from '../container-options.js';
import { deliveredExit } from '../exits/delivering.js';
import { createProcessIo, type ProcessIo } from '../io/process-io.js';
import { newStdio, type Stdio, stdioOf } from '../io/stdio.js';
import { watchInit } from './create.js';
import { extensionsOf } from './extensions.js';
import { labelledExit, noExitLabels } from './labels.js';
import { beginJournal, type LiveProcess } from './live-process.js';
import { makeTask } from './make-task.js';
import type { ContainerParts } from './parts.js';
import { type ContainerRecord, getRecord, labelRecord, specOf } from './records.js';
import { attachedIo, recoverContainer } from './recover.js';
import type { LiveContainer } from './registry.js';
import { startedLabels } from './restart.js';
import { startProcess } from './start.js';
import { notedStdio, stdioExtensions } from './stdio-extensions.js';
import { deleteTask, findTask } from './tasks.js';
import { checkId } from './validate.js';

/** A container that runs, as far as a handle shows it. */
export interface Started {
  readonly id: string;
  readonly pid: number;
  readonly process: { readonly io: ProcessIo };
}

/** Starts a container that was made with `start: false`, or that has ended. */
export async function startContainer(
  parts: ContainerParts,
  id: string,
  { stdio, signal }: Running<StartOptions>,
): Promise<Started> {
  checkId(id);
  if (stdio !== undefined) stdioOf(stdio, false);
  await untilTold(parts, id, signal);
  using _turn = await parts.locks.lock(id, signal);
  const key = { containerId: id, execId: '' };
  const record = await getRecord(parts.rpc, id, signal);
  const task = await findTask(parts.rpc, key, signal);
  if (task?.status === 'created') {
    if (stdio !== undefined) {
      throw new CtrdError('its process was made with its streams; leave stdio out', {
        ...{ code: 'invalid-argument', field: 'stdio' },
      });
    }
    const pid = await startProcess(parts, key, signal);
    await labelRecord(parts.rpc, id, startedLabels(record.labels), signal);
    const live = parts.registry.get(id);
    return live ?? { id, pid, process: { io: attachedIo(parts, key, undefined) } };
  }
  const told = labelledExit(record) !== undefined;
  if (task !== undefined && !(task.status === 'stopped' && told)) {
    throw notStartable(`it is ${task.status}`);
  }
  return await startAnew(parts, record, stdio, signal);
}

/**
 * An exit is told before the next life begins, so that none is lost: by this client, when nobody
 * else is there to do it.
 */
async function untilTold(parts: ContainerParts, id: string, signal: AbortSignal): Promise<void> {
  const key = { containerId: id, execId: '' };
  if (deliveredExit(key) !== undefined) {
    throw notStartable('its exit is being told; start it after that');
  }
  const record = await getRecord(parts.rpc, id, signal);
  const task = await findTask(parts.rpc, key, signal);
  if (task !== undefined && task.status !== 'stopped') return;
  const live = parts.registry.get(id);
  if (live !== undefined && live.process.exit.exit === undefined) {
    await live.process.exit.wait(signal);
    return;
  }
  if (labelledExit(record) !== undefined) return;
  const owner = record.labels[ownerLabel];
  const alive = owner !== undefined && (await parts.owner.state(owner)) === 'alive';
  if (alive && owner !== parts.owner.id) {
    throw notStartable('its client has not told of its exit yet');
  }
  try {
    const taken = await recoverContainer(parts, id, { stdio: 'null', signal });
    await taken.process.exit.wait(signal);
  } catch (error) {
    // It has never run, or nobody knows any more that it did.
    if (!hasCode(error, 'not-found') || error.reason !== 'no-task') throw error;
  }
}

function notStartable(message: string): CtrdError {
  return new CtrdError(message, { code: 'failed-precondition', reason: 'state' });
}

/** Makes a new task out of the record. When a step fails, the record is as it was. */
async function startAnew(
  parts: ContainerParts,
  record: ContainerRecord,
  option: StartOptions['stdio'],
  signal: AbortSignal,
): Promise<LiveContainer> {
  const { id, snapshotKey, snapshotter } = record;
  const { runtimeDir, report, owner } = parts;
  const key = { containerId: id, execId: '' };
  const spec = specOf(record);
  if (spec === undefined) {
    throw new CtrdError('its record has no spec', {
      ...{ code: 'failed-precondition', reason: 'no-spec' },
    });
  }
  const tty = spec.process.terminal === true;
  const stdio = newStdio(option ?? notedStdio(record), tty);
  const mounts =
    snapshotKey === '' ? [] : await parts.snapshots().mounts(snapshotKey, { snapshotter, signal });
  await using rollback = createRollback(report);
  await labelNewLife(parts, record, rollback, signal);
  // What is left of the life before, where another program looked for its exit.
  await deleteTask(parts.rpc, key, signal);
  await parts.journal.forget(key);

  const io = await createProcessIo(stdio, { tty, runtimeDir, report, owner });
  rollback.add('pipes', () => io.remove());
  const runtimeOptions = record.runtime?.options;
  await makeTask(parts, { id, io, mounts, runtimeOptions, known: true, signal }, rollback);

  rollback.add('journal', () => parts.journal.forget(key));
  await beginJournal(parts, key, io);
  const process: LiveProcess = watchInit(parts, id, io, { held: true });
  rollback.add('watch', async () => process.abandon());
  const pid = await startProcess(parts, key, signal);
  await labelRecord(parts.rpc, id, startedLabels(record.labels), signal);
  if (option !== undefined && stdio.log !== undefined) await noteLog(parts, id, stdio, signal);
  throwIfAborted(signal);
  const container: LiveContainer = { id, pid, process, execs: new Map() };
  parts.registry.add(container);
  process.begun();
  rollback.commit();
  return container;
}

/** From here on, the record tells of no exit, and whose the container is now. */
async function labelNewLife(
  parts: ContainerParts,
  { id, labels }: ContainerRecord,
  rollback: Rollback,
  signal: AbortSignal,
): Promise<void> {
  const changed = { ...noExitLabels, [ownerLabel]: parts.owner.id };
  const before = Object.fromEntries(
    Object.keys(changed).map((label) => [label, labels[label] ?? '']),
  );
  rollback.add('labels', (limit) => labelRecord(parts.patient, id, before, limit));
  await labelRecord(parts.rpc, id, changed, signal);
}

/** A new log is where the output is read from, and where it goes after a further start. */
async function noteLog(
  { rpc }: ContainerParts,
  id: string,
  stdio: Stdio,
  signal: AbortSignal,
): Promise<void> {
  const extensions = extensionsOf(stdioExtensions(stdio));
  const paths = Object.keys(extensions).map((name) => `extensions.${name}`);
  const call = { container: { id, extensions }, updateMask: { paths } };
  await rpc.client(Containers).update(call, { signal });
}
