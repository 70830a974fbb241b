import { randomBytes } from 'node:crypto';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import {
  abortError,
  CtrdError,
  createRollback,
  hasCode,
  type Running,
  toCtrdError,
  uninterrupted,
  withDeadline,
} from '@ctrd/core';
import type { ExecOptions } from '../container-options.js';
import { lostExit, type ProcessKey } from '../exits/exit-message.js';
import { execExited } from '../exits/moments.js';
import { createProcessIo, type ProcessIo } from '../io/process-io.js';
import { execSpec } from './exec-spec.js';
import { beginJournal, closeInput, type LiveProcess, watchProcess } from './live-process.js';
import type { ContainerParts } from './parts.js';
import { packedJson } from './runtime.js';
import { notStarted, startProcess } from './start.js';
import { deleteTask, findTask, signalTask } from './tasks.js';
import { checkExecOptions, checkId, isTty } from './validate.js';

/** A process that was started in a container, and how long it may run. */
export interface LiveExec {
  readonly pid: number;
  readonly process: LiveProcess;
  /** Whether its time was up before it ended. */
  readonly timedOut: () => boolean;
}

/** Starts a process in a running container; what was made is unmade when a step fails. */
export async function execInContainer(
  parts: ContainerParts,
  id: string,
  options: Running<ExecOptions>,
): Promise<LiveExec> {
  checkId(id);
  try {
    return await execOnce(parts, id, options);
  } catch (error) {
    // The daemon went away between its making and its start, or lost it there, as 1.6 has been seen
    // to. Nothing has run then, and another id is as good.
    if (!isLost(error) || options.execId !== undefined) throw error;
    return await execOnce(parts, id, options);
  }
}

const lostBeforeStart = 'lost-before-start';

function isLost(error: unknown): boolean {
  const { reason } = toCtrdError(error);
  return reason === lostBeforeStart || reason === notStarted;
}

/** How long a start that failed waits for the handlers of the end of what never began. */
const handlersTimeoutMs = 30_000;

const endTimeoutMs = 30_000;

async function execOnce(
  parts: ContainerParts,
  id: string,
  options: Running<ExecOptions>,
): Promise<LiveExec> {
  const stdio = checkExecOptions(options);
  const { signal, execId = randomBytes(12).toString('hex') } = options;
  const key: ProcessKey = { containerId: id, execId };
  const spec = await execSpec(parts, id, options);
  await using rollback = createRollback(parts.report);
  const { runtimeDir, report, owner, rpc } = parts;
  const io = await createProcessIo(stdio, { tty: isTty(options.tty), runtimeDir, report, owner });
  rollback.add('pipes', () => io.remove());
  const tasks = rpc.client(Tasks);
  const undo = (limit: AbortSignal) => removeProcess(parts, key, limit);
  await uninterrupted(signal, (limit) =>
    tasks.exec({ ...key, ...io.paths, spec: packedJson('Process', spec) }, { signal: limit }),
  ).catch((error: unknown) => {
    // The call's fate may not be known; but one of this id that is there already is another's.
    if (!hasCode(error, 'already-exists')) rollback.add('process', undo);
    throw error;
  });
  rollback.add('process', undo);

  rollback.add('journal', () => parts.journal.forget(key));
  await beginJournal(parts, key, io);
  const process = watchExec(parts, key, io, { held: true });
  rollback.add('watch', async () => process.abandon());
  parts.registry.get(id)?.execs.set(execId, process);
  const pid = await startExec(parts, key, signal).catch(async (error: unknown) => {
    if (isLost(error)) process.quiet = true;
    process.neverBegan(lostExit(key, `it did not start: ${toCtrdError(error).rawMessage}`));
    // Handlers first: they are told of every process that was made, this one too.
    await withDeadline(handlersTimeoutMs, (limit) => process.exit.wait(limit)).catch(() => {});
    throw error;
  });
  process.begun();
  io.connected(closeInput(parts, key));
  if (signal.aborted) {
    // The start was not interrupted. Its handlers are told of the end that it comes to now.
    await endProcess(parts, process);
    throw abortError(signal);
  }
  rollback.commit();
  return { pid, process, timedOut: limitTime(parts, process, options.killAfterMs) };
}

/** Watches a process that is started in a container. */
export function watchExec(
  parts: ContainerParts,
  key: ProcessKey,
  io: ProcessIo,
  { held = false }: { held?: boolean } = {},
): LiveProcess {
  return watchProcess(parts, key, io, {
    moment: execExited,
    held,
    complete: async (exit) => exit,
    async cleanUp(_exit, limit) {
      parts.registry.get(key.containerId)?.execs.delete(key.execId);
      await deleteTask(parts.patient, key, limit);
    },
  });
}

async function startExec(
  parts: ContainerParts,
  key: ProcessKey,
  signal: AbortSignal,
): Promise<number> {
  try {
    return await parts.execStarts.run(key.containerId, signal, () =>
      startProcess(parts, key, signal),
    );
  } catch (error) {
    if (hasCode(error, 'not-found')) {
      const task = await findTask(parts.rpc, { ...key, execId: '' }, signal);
      if (task?.status === 'running') {
        throw new CtrdError(error.rawMessage, {
          ...{ code: 'not-found', reason: lostBeforeStart, cause: error },
        });
      }
    }
    throw error;
  }
}

/** Ends a process that nobody waits for any more, and waits until that has been told. */
export async function endProcess(parts: ContainerParts, { key, exit }: LiveProcess): Promise<void> {
  await withDeadline(endTimeoutMs, async (signal) => {
    await signalTask(parts.rpc, key, { number: 9, signal });
    await exit.wait(signal);
  }).catch((error: unknown) => {
    parts.report({ source: 'ending an exec', error: toCtrdError(error) });
  });
}

/** Ends a process when its time is up. */
function limitTime(
  parts: ContainerParts,
  process: LiveProcess,
  killAfterMs: number | undefined,
): () => boolean {
  let timedOut = false;
  if (killAfterMs !== undefined) {
    const timer = setTimeout(() => {
      timedOut = true;
      withDeadline(30_000, (signal) =>
        signalTask(parts.rpc, process.key, { number: 9, signal }),
      ).catch((error: unknown) => {
        parts.report({ source: 'exec time limit', error: toCtrdError(error) });
      });
    }, killAfterMs);
    const stop = () => clearTimeout(timer);
    process.exit.wait(parts.closing).then(stop, stop);
  }
  return () => timedOut;
}

/** Ends a process whose start failed or was given up, and forgets it. */
async function removeProcess(
  parts: ContainerParts,
  key: ProcessKey,
  signal: AbortSignal,
): Promise<void> {
  await signalTask(parts.patient, key, { number: 9, signal }).catch(() => false);
  const task = await findTask(parts.patient, key, signal);
  if (task?.status === 'running') await parts.exits.watch(key, { signal });
  await deleteTask(parts.patient, key, signal);
}
