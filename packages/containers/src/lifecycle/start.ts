import { Tasks } from '@ctrd/api/services/tasks/v1';
import { CtrdError, hasCode, pause, uninterrupted } from '@ctrd/core';
import type { ProcessKey } from '../exits/exit-message.js';
import type { ContainerParts } from './parts.js';
import { findTask, type TaskState } from './tasks.js';

/** Under `unavailable`: the daemon went away under a start, which has not happened. */
export const notStarted = 'not-started';

/**
 * Starts a process that was made, and answers its id. Never sent twice: a second start breaks the
 * shim, one of a process that runs in containerd 1.7 and 2, one of a process whose start was cut off
 * in 1.6 as well. When the daemon went away under the call, the state of the process says what became
 * of it; throws `unavailable` with reason `not-started` for one that has not been started.
 */
export function startProcess(
  parts: ContainerParts,
  key: ProcessKey,
  signal: AbortSignal,
): Promise<number> {
  return uninterrupted(signal, async (limit) => {
    try {
      const call = { affinity: key.containerId, signal: limit };
      return (await parts.rpc.client(Tasks).start(key, call)).pid;
    } catch (error) {
      if (!hasCode(error, 'unavailable') || error.reason !== 'dropped') throw error;
      for (;;) {
        const task = await findTask(parts.patient, key, limit);
        if (task !== undefined && hasBegun(key, task)) return task.pid;
        if (task?.status !== 'created' || (await withdrawn(parts, key, limit))) {
          throw new CtrdError('the daemon went away before it was started', {
            ...{ code: 'unavailable', reason: notStarted, cause: error },
          });
        }
      }
    }
  });
}

/**
 * Whether the program of a process whose start was cut off has begun. What runc has prepared for a
 * container gives up with 1 then; a program that ended with 1 so soon looks the same, and counts as not
 * begun: nobody takes a start that failed for a result.
 */
function hasBegun({ execId }: ProcessKey, { status, exit }: TaskState): boolean {
  const isPerhapsRuncs = execId === '' && exit?.exitCode === 1;
  return status !== 'created' && !isPerhapsRuncs;
}

/**
 * Whether it is certain that a process will not be started. The start that was cut off may still be
 * under way in the shim, which deletes what has not been started, and nothing that runs. A
 * container's own process is not started again anyway.
 */
async function withdrawn(
  { patient }: ContainerParts,
  key: ProcessKey,
  signal: AbortSignal,
): Promise<boolean> {
  if (key.execId === '') return true;
  try {
    await patient.client(Tasks).deleteProcess(key, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, 'not-found')) return true;
    if (!hasCode(error, 'failed-precondition', 'unknown', 'unavailable')) throw error;
    await pause(50, signal);
    return false;
  }
}
