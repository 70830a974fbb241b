import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Containers, type Container as Record_ } from '@ctrd/api/services/containers/v1';
import { hasCode, type Rpc } from '@ctrd/core';
import type { ContainerInfo } from '../container-api.js';
import type { RuntimeSpec } from '../spec/index.js';
import { extensionsOf } from './extensions.js';
import { labelledExit } from './labels.js';
import { loggedTo } from './stdio-extensions.js';
import type { TaskState } from './tasks.js';

/** A container's record on the daemon. */
export type ContainerRecord = Record_;

/** Throws `not-found`. */
export async function getRecord(
  rpc: Rpc,
  id: string,
  signal: AbortSignal,
): Promise<ContainerRecord> {
  const { container } = await rpc.client(Containers).get({ id }, { signal });
  if (container === undefined) throw new TypeError('the daemon answered without a container');
  return container;
}

export async function findRecord(
  rpc: Rpc,
  id: string,
  signal: AbortSignal,
): Promise<ContainerRecord | undefined> {
  try {
    return await getRecord(rpc, id, signal);
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Sets labels on a record, and answers whether there is one. */
export async function labelRecord(
  rpc: Rpc,
  id: string,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<boolean> {
  const paths = Object.keys(labels).map((label) => `labels.${label}`);
  // Without a path, the daemon would put all that is given in place of all that is there.
  if (paths.length === 0) return true;
  try {
    await rpc
      .client(Containers)
      .update({ container: { id, labels }, updateMask: { paths } }, { signal });
    return true;
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
    return false;
  }
}

/** Deletes a record; one that is gone already is no error. */
export async function deleteRecord(rpc: Rpc, id: string, signal: AbortSignal): Promise<void> {
  try {
    await rpc.client(Containers).delete({ id }, { signal });
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
  }
}

/** The spec in a record; `undefined` for a record without one, which 1.7 and later accept. */
export function specOf({ spec }: ContainerRecord): RuntimeSpec | undefined {
  if (spec === undefined || spec.value.length === 0) return undefined;
  return JSON.parse(new TextDecoder().decode(spec.value)) as RuntimeSpec;
}

export function containerInfo(record: ContainerRecord, task: TaskState | undefined): ContainerInfo {
  const { id, image, runtime, snapshotter, snapshotKey, labels, createdAt, updatedAt, extensions } =
    record;
  const process = specOf(record)?.process;
  return {
    ...{ id, image, snapshotter, snapshotKey, labels: { ...labels } },
    extensions: extensionsOf(extensions),
    runtime: runtime?.name ?? '',
    createdAt: createdAt ? timestampDate(createdAt) : new Date(0),
    updatedAt: updatedAt ? timestampDate(updatedAt) : new Date(0),
    args: process?.args ?? [],
    tty: process?.terminal === true,
    logPath: loggedTo(record),
    status: task?.status ?? 'none',
    pid: task?.status === 'stopped' ? 0 : (task?.pid ?? 0),
    exit: task === undefined ? labelledExit(record) : task.exit,
  };
}
