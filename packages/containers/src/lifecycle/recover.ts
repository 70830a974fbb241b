import { existsSync } from 'node:fs';
import { CtrdError, mergeSignals, ownerLabel, type Running } from '@ctrd/core';
import { endForgottenShim } from '../care/forgotten-shims.js';
import type { AttachOptions } from '../container-options.js';
import type { JournalEntry } from '../exits/exit-journal.js';
import type { ProcessKey } from '../exits/exit-message.js';
import { fifoFolderOf } from '../io/fifo.js';
import { openProcessIo, type ProcessIo } from '../io/process-io.js';
import { stdioOf } from '../io/stdio.js';
import { watchInit } from './create.js';
import { watchExec } from './exec.js';
import { labelledExit, labels } from './labels.js';
import { closeInput } from './live-process.js';
import type { ContainerParts } from './parts.js';
import { type ContainerRecord, getRecord, labelRecord } from './records.js';
import type { LiveContainer } from './registry.js';
import { findTask, type TaskState } from './tasks.js';
import { checkId } from './validate.js';

/**
 * Takes up a container that is not of this client, or not any more: attaches to its pipes, watches
 * it and what was started in it, and delivers their exits, also of the time when nobody watched. An
 * exit that has been delivered already is not delivered again.
 */
export async function recoverContainer(
  parts: ContainerParts,
  id: string,
  { stdio = 'pipe', signal }: Running<AttachOptions>,
  journal: () => Promise<readonly JournalEntry[]> = () => parts.journal.list(),
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
  const record = await getRecord(parts.rpc, id, signal);
  const key = { containerId: id, execId: '' };
  const task = await answeringTask(parts, key, signal);
  const entries = await journalled(parts, record, await journal());
  const entry = entries.find(({ key }) => key.execId === '');
  const told = labelledExit(record);
  if (task === undefined && (entry === undefined || told !== undefined)) {
    // Its deletion may have been cut off, by a host that died in it. One that lives may be making it.
    if (!(await isOthers(parts, record))) await endForgottenShim(parts, id, signal);
    throw new CtrdError('it has no process; its exit, if it is known, is in getContainer()', {
      code: 'not-found',
      reason: 'no-task',
    });
  }
  const execs: (JournalEntry & { readonly state: TaskState | undefined })[] = [];
  for (const entry of entries) {
    if (entry.key.execId === '') continue;
    execs.push({ ...entry, state: await findTask(parts.rpc, entry.key, signal) });
  }
  // Whoever made it may be gone: from now on it is this client's to care for.
  await labelRecord(parts.rpc, id, { [ownerLabel]: parts.owner.id }, signal);
  const attach = { stdio, pipes: entry?.pipes };
  const container: LiveContainer = {
    id,
    pid: task?.pid ?? 0,
    process: watchInit(parts, id, attachedIo(parts, key, task, attach), {
      // Handlers were told before the label was written; only the rest is left to do.
      quiet: told !== undefined && (task === undefined || task.status === 'stopped'),
      // The stopped task of another program's container is where that looks for its exit.
      keepTask: record.labels[labels.creation] === undefined,
    }),
    execs: new Map(),
  };
  try {
    for (const { key, pipes, state } of execs) {
      const io = attachedIo(parts, key, state, { stdio: 'null', pipes });
      container.execs.set(key.execId, watchExec(parts, key, io));
    }
  } catch (error) {
    for (const process of [...container.execs.values(), container.process]) process.abandon();
    throw error;
  }
  parts.registry.add(container);
  return container;
}

/** How often, and for how long each time, a shim is asked before the next container's turn. */
const attempts = 3;
const attemptMs = 3_000;

/**
 * The task, from a shim that answers. One that hangs must not hold up the others: throws `timeout`
 * with reason `shim`.
 */
async function answeringTask(
  parts: ContainerParts,
  key: ProcessKey,
  signal: AbortSignal,
): Promise<TaskState | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    using limited = mergeSignals({ timeoutMs: attemptMs }, signal);
    try {
      const task = await findTask(parts.patient, key, limited.signal);
      // What the daemon says when its shim does not answer in time.
      if (task?.status !== 'unknown') return task;
    } catch (error) {
      if (signal.aborted || !limited.signal.aborted) throw error;
    }
  }
  throw new CtrdError('its shim does not answer', { code: 'timeout', reason: 'shim' });
}

/** What the journal has on a container, but for an earlier one of the same id. */
async function journalled(
  { journal }: ContainerParts,
  { id, createdAt }: ContainerRecord,
  entries: readonly JournalEntry[],
): Promise<readonly JournalEntry[]> {
  const madeMs = Number(createdAt?.seconds ?? 0n) * 1000;
  const current: JournalEntry[] = [];
  for (const entry of entries) {
    if (entry.key.containerId !== id) continue;
    if (entry.since.getTime() >= madeMs) current.push(entry);
    else await journal.forget(entry.key);
  }
  return current;
}

/** This side of the pipes of a process, as far as they are there. */
export function attachedIo(
  parts: ContainerParts,
  key: ProcessKey,
  task: TaskState | undefined,
  { stdio, pipes }: { stdio?: AttachOptions['stdio']; pipes?: string | undefined } = {},
): ProcessIo {
  const { report, runtimeDir } = parts;
  const nothing = { stdin: '', stdout: '', stderr: '', terminal: false };
  if (task === undefined) {
    return openProcessIo(nothing, { stdio: stdioOf('null', false), report, folder: pipes });
  }
  const named = fifoFolderOf(runtimeDir, [task.stdin, task.stdout, task.stderr]);
  // A host that died in its clean-up may have removed the pipes, and not yet the task.
  const folder = named !== undefined && existsSync(named) ? named : undefined;
  const io = openProcessIo(task, { stdio: stdioOf(stdio, task.terminal), report, folder });
  io.connected(closeInput(parts, key));
  return io;
}

/** Whether another client cares for it, which lives. */
async function isOthers({ owner }: ContainerParts, { labels }: ContainerRecord): Promise<boolean> {
  const by = labels[ownerLabel];
  return by !== undefined && by !== owner.id && (await owner.state(by)) === 'alive';
}
