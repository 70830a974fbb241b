import type { Any } from '@bufbuild/protobuf/wkt';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { hasCode, type MountSpec, type Rollback, uninterrupted } from '@ctrd/core';
import { endForgottenShim } from '../care/forgotten-shims.js';
import type { ProcessIo } from '../io/process-io.js';
import { closeInput } from './live-process.js';
import type { ContainerParts } from './parts.js';
import { deleteTask, findTask, signalTask } from './tasks.js';

/** What a task is made of, besides the container's record. */
export interface NewTask {
  readonly id: string;
  readonly io: ProcessIo;
  readonly mounts: readonly MountSpec[];
  readonly runtimeOptions: Pick<Any, 'typeUrl' | 'value'> | undefined;
  /** Whether others know the container, so that a task that is there already may be theirs. */
  readonly known?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Makes a container's task, and answers the id of its process, which waits to be started. */
export async function makeTask(
  parts: ContainerParts,
  { id, io, mounts, runtimeOptions, known = false, signal }: NewTask,
  rollback: Rollback,
): Promise<number> {
  const key = { containerId: id, execId: '' };
  let theirs = false;
  // A step that hangs must be undone too, and the daemon may have made the task all the same.
  rollback.add('task', async (limit) => {
    if (theirs) return;
    await signalTask(parts.patient, key, { number: 9, all: true, signal: limit });
    // One that has not begun has no end to wait for.
    const task = await findTask(parts.patient, key, limit);
    if (task !== undefined && task.status !== 'created') {
      const ended = parts.patient.client(Tasks).wait(key, { signal: limit, role: 'stream' });
      await ended.catch(() => {});
    }
    await deleteTask(parts.patient, key, limit);
    // A daemon that died in the making of it does not know it; its shim lives all the same.
    await endForgottenShim(parts, id, limit);
  });
  const { pid } = await uninterrupted(signal, (limit) =>
    parts.rpc.client(Tasks).create(
      {
        containerId: id,
        rootfs: mounts.map((mount) => ({ ...mount, options: [...mount.options] })),
        ...io.paths,
        ...(runtimeOptions === undefined ? {} : { options: runtimeOptions }),
      },
      { signal: limit },
    ),
  ).catch((error: unknown) => {
    theirs = known && hasCode(error, 'already-exists');
    throw error;
  });
  io.connected(closeInput(parts, key));
  return pid;
}
