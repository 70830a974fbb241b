import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Status } from '@ctrd/api/types/task';
import { CtrdError, hasCode, type Rpc } from '@ctrd/core';
import { type ExitMessage, exitedMessage, type ProcessKey } from '../exits/exit-message.js';
import { getRecord } from './records.js';

/** The state of a container's task, in the daemon's words. */
export type TaskStatus = 'created' | 'running' | 'paused' | 'pausing' | 'stopped' | 'unknown';

/** A process as the daemon sees it. */
export interface TaskState {
  readonly pid: number;
  readonly status: TaskStatus;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
  /** When it has ended. */
  readonly exit: ExitMessage | undefined;
}

const statusNames: Readonly<Record<Status, TaskStatus>> = {
  [Status.UNKNOWN]: 'unknown',
  [Status.CREATED]: 'created',
  [Status.RUNNING]: 'running',
  [Status.STOPPED]: 'stopped',
  [Status.PAUSED]: 'paused',
  [Status.PAUSING]: 'pausing',
};

export function statusName(status: Status): TaskStatus {
  return statusNames[status] ?? 'unknown';
}

/** The state of a process; `undefined` when there is none. */
export async function findTask(
  rpc: Rpc,
  key: ProcessKey,
  signal: AbortSignal,
): Promise<TaskState | undefined> {
  try {
    const { process } = await rpc.client(Tasks).get(key, { signal });
    if (process === undefined) return undefined;
    const { pid, stdin, stdout, stderr, terminal, exitStatus, exitedAt } = process;
    const status = statusName(process.status);
    const exit = status === 'stopped' ? exitedMessage(key, exitStatus, exitedAt) : undefined;
    return { pid, status, stdin, stdout, stderr, terminal, exit };
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}

/**
 * Does something with a container's task. Throws `not-found` for an id that nobody has, and
 * `failed-precondition` with reason `state` for a container whose process has ended, also meanwhile:
 * the daemon says `not-found` of both, and of some calls nothing.
 */
export async function onTask<T>(
  rpc: Rpc,
  { containerId, execId = '' }: { containerId: string; execId?: string | undefined },
  signal: AbortSignal,
  call: (task: TaskState) => Promise<T>,
): Promise<T> {
  const task = await findTask(rpc, { containerId, execId: '' }, signal);
  if (task === undefined) await getRecord(rpc, containerId, signal);
  if (task === undefined || task.status === 'stopped') throw notRunning();
  try {
    return await call(task);
  } catch (error) {
    if (execId === '' && hasCode(error, 'not-found')) throw notRunning(error);
    throw error;
  }
}

function notRunning(cause?: unknown): CtrdError {
  return new CtrdError('it does not run', { code: 'failed-precondition', reason: 'state', cause });
}

/** Sends a signal to a process. Answers whether it was there to get it. */
export async function signalTask(
  rpc: Rpc,
  key: ProcessKey,
  { number, all = false, signal }: { number: number; all?: boolean; signal: AbortSignal },
): Promise<boolean> {
  try {
    await rpc.client(Tasks).kill({ ...key, signal: number, all }, { signal });
    return true;
  } catch (error) {
    // "process already finished" or gone altogether: in either case there is nothing to end. The
    // same holds when its shim left under the call, after another one deleted the task.
    if (hasCode(error, 'not-found')) return false;
    if (hasCode(error, 'unavailable') && error.reason === 'shim') return false;
    throw error;
  }
}

/** Deletes an ended process. One that is gone already is no error. */
export async function deleteTask(
  rpc: Rpc,
  { containerId, execId }: ProcessKey,
  signal: AbortSignal,
): Promise<void> {
  const tasks = rpc.client(Tasks);
  try {
    if (execId === '') await tasks.delete({ containerId }, { signal });
    else await tasks.deleteProcess({ containerId, execId }, { signal });
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
  }
}
