import { Containers } from '@ctrd/api/services/containers/v1';
import { type CallControl, createLimit, hasCode, type Running } from '@ctrd/core';
import type { ContainerInfo } from '../container-api.js';
import { withOutOfMemory } from '../stats/out-of-memory.js';
import type { ContainerParts } from './parts.js';
import { type ContainerRecord, containerInfo, getRecord } from './records.js';
import { findTask, type TaskState } from './tasks.js';
import { checkId } from './validate.js';

/** Containers whose state is asked at once, for a list. */
const statesAtOnce = 16;

export async function getContainer(
  parts: ContainerParts,
  id: string,
  { signal }: Running<CallControl>,
): Promise<ContainerInfo> {
  checkId(id);
  const record = await getRecord(parts.rpc, id, signal);
  return containerInfo(record, await taskWithExit(parts, id, signal));
}

export async function listContainers(
  parts: ContainerParts,
  {
    filters = [],
    signal,
  }: Running<CallControl & { readonly filters?: readonly string[] | undefined }>,
): Promise<readonly ContainerInfo[]> {
  // One message a container: a single answer of all of them has a limit of 16 MiB.
  const answers = parts.rpc.client(Containers).listStream({ filters: [...filters] }, { signal });
  const records: ContainerRecord[] = [];
  for await (const { container } of answers) if (container !== undefined) records.push(container);
  // Not by one List of all tasks: the daemon asks one shim after the other for it, of every container
  // of the namespace, and waits two seconds for each that hangs.
  const limit = createLimit(statesAtOnce);
  return await Promise.all(
    records.map((record) =>
      limit(signal, async () => {
        // One whose shim does not answer must not hide the others.
        const task = await taskWithExit(parts, record.id, signal).catch((error: unknown) => {
          if (hasCode(error, 'unknown', 'internal')) return undefined;
          throw error;
        });
        return containerInfo(record, task);
      }),
    ),
  );
}

/** A container's task, whose exit tells of memory that ran out as well. */
async function taskWithExit(
  { rpc }: ContainerParts,
  id: string,
  signal: AbortSignal,
): Promise<TaskState | undefined> {
  const task = await findTask(rpc, { containerId: id, execId: '' }, signal);
  if (task?.exit === undefined) return task;
  return { ...task, exit: await withOutOfMemory(rpc, task.exit, signal) };
}
