import { setTimeout as sleep } from 'node:timers/promises';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Status } from '@ctrd/api/types/task';
import type { ContainerParts } from '../lifecycle/parts.js';
import { childrenOf, parentOf, type ShimProcess } from './processes.js';

/**
 * Shims of the daemon's namespace that serve no task the daemon has. containerd forgets one when it,
 * or its client, dies while a task is made or deleted.
 */
export async function forgottenShims(
  { rpc, shims }: Pick<ContainerParts, 'rpc' | 'shims'>,
  signal: AbortSignal,
): Promise<readonly ShimProcess[]> {
  const before = await listed(shims);
  if (before.length === 0) return [];
  // After the shims: a task that was made meanwhile is known by now.
  const { tasks } = await rpc.client(Tasks).list({}, { signal });
  const parents = await Promise.all(tasks.map(({ pid }) => parentOf(pid)));
  const ids = new Set(tasks.map(({ id }) => id));
  // One may serve a group of containers, of which the first is gone.
  const serving = new Set(parents);
  const left = before.filter(({ id, pid }) => !ids.has(id) && !serving.has(pid));
  if (left.length === 0) return [];
  // Of a process that has ended, nothing tells which group's shim it is in, where its exit waits to be
  // told: no shim is known to be forgotten as long as there is such a one.
  const own = new Set((await listed(shims)).map(({ id }) => id));
  const isSomewhere = tasks.some(
    ({ id, status }, index) => (status === Status.STOPPED || parents[index] === 0) && !own.has(id),
  );
  return isSomewhere ? [] : left;
}

async function listed(shims: ContainerParts['shims']): Promise<readonly ShimProcess[]> {
  const all: ShimProcess[] = [];
  for await (const shim of shims.processes()) all.push(shim);
  return all;
}

/**
 * Ends a container's shim, if one listens that the daemon does not know: in good order, so that the
 * runtime forgets the container too. One that cannot end is killed; it cannot when the daemon has
 * removed its folder already, in which the runtime would run.
 */
export async function endForgottenShim(
  { patient, shims }: Pick<ContainerParts, 'patient' | 'shims'>,
  containerId: string,
  signal: AbortSignal,
): Promise<void> {
  const gone = await shims.end(containerId, { signal });
  if (!gone) await killForgottenShims({ rpc: patient, shims }, containerId, signal);
}

/** Kills the shims of a container that the daemon does not know; answers whether there are none now. */
export async function killForgottenShims(
  parts: Pick<ContainerParts, 'rpc' | 'shims'>,
  containerId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const left = (await forgottenShims(parts, signal)).filter(({ id }) => id === containerId);
  for (const { pid } of left) for (const each of [...(await childrenOf(pid)), pid]) kill(each);
  return (await Promise.all(left.map(({ pid }) => hasEnded(pid)))).every((ended) => ended);
}

async function hasEnded(pid: number): Promise<boolean> {
  for (const end = performance.now() + killedMs; performance.now() < end; await sleep(20)) {
    if ((await parentOf(pid)) === 0) return true;
  }
  return false;
}

/** A killed process is gone at once, unless the disk holds it. */
const killedMs = 5_000;

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
