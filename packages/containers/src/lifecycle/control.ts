import { fromBinary } from '@bufbuild/protobuf';
import { ProcessDetailsSchema } from '@ctrd/api/runc/options';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { type CallControl, CtrdError, hasCode, invalidArgument, type Running } from '@ctrd/core';
import type { ContainerInfo, ContainerProcess } from '../container-api.js';
import type { KillOptions, TerminalSize, UpdateOptions } from '../container-options.js';
import { mergedResources, resourcesOf, withResources } from '../spec/index.js';
import { terminalSize } from './build-spec.js';
import type { ContainerParts } from './parts.js';
import { containerInfo, getRecord, specOf } from './records.js';
import { packedJson } from './runtime.js';
import { signalNumber } from './signals.js';
import { findTask, type TaskState } from './tasks.js';
import { checkId } from './validate.js';

type Call<O = CallControl> = Running<O>;

export async function pauseContainer(
  { rpc }: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<void> {
  checkId(id);
  await rpc.client(Tasks).pause({ containerId: id }, { signal });
}

export async function unpauseContainer(
  { rpc }: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<void> {
  checkId(id);
  await rpc.client(Tasks).resume({ containerId: id }, { signal });
}

/** Throws `not-found` also for a process that has ended. */
export async function killContainer(
  { rpc }: ContainerParts,
  id: string,
  { kill = 'SIGTERM', all = false, execId = '', signal }: Call<KillOptions>,
): Promise<void> {
  checkId(id);
  if (execId !== '') checkId(execId, 'execId');
  const number = signalNumber(kill);
  await rpc.client(Tasks).kill({ containerId: id, execId, signal: number, all }, { signal });
}

export async function resizeTerminal(
  { rpc }: ContainerParts,
  id: string,
  { execId = '', width, height, signal }: Call<TerminalSize & { readonly execId?: string }>,
): Promise<void> {
  checkId(id);
  const size = terminalSize({ width, height });
  await rpc.client(Tasks).resizePty({ containerId: id, execId, ...size }, { signal });
}

/** Throws `not-found` for a container that has no running process. */
export async function containerPID(
  parts: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<number> {
  checkId(id);
  return (await runningTask(parts, id, signal)).pid;
}

export async function containerPIDs(
  { rpc }: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<readonly ContainerProcess[]> {
  checkId(id);
  const { processes } = await rpc.client(Tasks).listPids({ containerId: id }, { signal });
  return processes.map(({ pid, info }) => ({
    pid,
    execId: info === undefined ? '' : fromBinary(ProcessDetailsSchema, info.value).execId,
  }));
}

/** Changes a running container's limits, and its record's, so that both say the same. */
export async function updateResources(
  { rpc }: ContainerParts,
  id: string,
  { limits = {}, resources = {}, signal }: Call<UpdateOptions>,
): Promise<void> {
  checkId(id);
  const change = mergedResources(resourcesOf(limits), resources);
  if (Object.keys(change).length === 0) {
    throw invalidArgument('limits', 'change something; give limits or resources');
  }
  const record = await getRecord(rpc, id, signal);
  await rpc
    .client(Tasks)
    .update({ containerId: id, resources: packedJson('LinuxResources', change) }, { signal });
  const spec = specOf(record);
  if (spec === undefined) return;
  await rpc.client(Containers).update(
    {
      container: { id, spec: packedJson('Spec', withResources(change)(spec)) },
      updateMask: { paths: ['spec'] },
    },
    { signal },
  );
}

export async function getContainer(
  parts: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<ContainerInfo> {
  checkId(id);
  const record = await getRecord(parts.rpc, id, signal);
  return containerInfo(record, await findTask(parts.rpc, { containerId: id, execId: '' }, signal));
}

export async function listContainers(
  parts: ContainerParts,
  {
    filters = [],
    signal,
  }: Call<CallControl & { readonly filters?: readonly string[] | undefined }>,
): Promise<readonly ContainerInfo[]> {
  // One message a container: a single answer of all of them has a limit of 16 MiB.
  const records = parts.rpc.client(Containers).listStream({ filters: [...filters] }, { signal });
  const all: ContainerInfo[] = [];
  for await (const { container } of records) {
    if (container === undefined) continue;
    const key = { containerId: container.id, execId: '' };
    // One whose shim does not answer must not hide the others.
    const task = await findTask(parts.rpc, key, signal).catch((error: unknown) => {
      if (hasCode(error, 'unknown', 'internal')) return undefined;
      throw error;
    });
    all.push(containerInfo(container, task));
  }
  return all;
}

async function runningTask(
  parts: ContainerParts,
  id: string,
  signal: AbortSignal,
): Promise<TaskState> {
  const task = await findTask(parts.rpc, { containerId: id, execId: '' }, signal);
  if (task === undefined || task.status === 'stopped') {
    throw new CtrdError('it has no running process', { code: 'not-found', reason: 'not-running' });
  }
  return task;
}
