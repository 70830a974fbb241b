import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Containers } from '@ctrd/api/services/containers/v1';
import { type Caretaker, type Finding, type Found, hasCode, ownerLabel } from '@ctrd/core';
import { destroyContainer } from '../lifecycle/destroy.js';
import { labelledExit, labels } from '../lifecycle/labels.js';
import type { ContainerParts } from '../lifecycle/parts.js';
import { type ContainerRecord, findRecord } from '../lifecycle/records.js';
import { restartStatusLabel } from '../lifecycle/restart.js';
import { findTask, type TaskStatus } from '../lifecycle/tasks.js';

/**
 * Finds containers that will not run: those whose task was made and never started, and those without
 * a task. One that runs goes on without its owner, and one that has ended keeps its task until its
 * exit is told: both are to be recovered, see `recoverAll()`.
 */
export function containerCaretaker(parts: ContainerParts): Caretaker {
  const { rpc, owner, journal } = parts;

  /** Why nobody seems to need a container; undefined when somebody may. */
  async function reason(
    record: ContainerRecord,
    status: TaskStatus | undefined,
  ): Promise<Pick<Finding, 'kind' | 'why'> | undefined> {
    const { id, labels: of } = record;
    if (status === 'created') return { kind: 'task', why: 'its task was made and never started' };
    // The daemon is to start it again by itself.
    if (status !== undefined || of[restartStatusLabel] === 'running') return;
    // An exit that nobody was told of.
    const untold = labelledExit(record) === undefined;
    if (untold && (await journal.find({ containerId: id, execId: '' })) !== undefined) return;
    return { kind: 'container', why: 'it has no task' };
  }

  async function inspectOne(record: ContainerRecord, signal: AbortSignal): Promise<Found[]> {
    const own = ownerOf(record);
    const ownerState = own === undefined ? 'none' : await owner.state(own);
    if (ownerState === 'alive') return [];
    const { id } = record;
    const found = await reason(record, await statusOf(parts, id, signal));
    if (found === undefined) return [];
    return [
      {
        finding: { ...found, id, owner: own, ownerState, since: madeAt(record) },
        async remove(signal) {
          const now = await findRecord(rpc, id, signal);
          if (now === undefined || !isSame(now, record)) return false;
          const still = await reason(now, await statusOf(parts, id, signal));
          if (still?.kind !== found.kind) return false;
          await destroyContainer(parts, id, { graceMs: 0, signal }).catch(ignoreGone);
          return true;
        },
      },
    ];
  }

  return {
    name: 'containers',
    async inspect(signal) {
      const records: ContainerRecord[] = [];
      for await (const { container } of rpc.client(Containers).listStream({}, { signal })) {
        if (container !== undefined) records.push(container);
      }
      const found: Found[] = [];
      for (const record of records) found.push(...(await inspectOne(record, signal)));
      return found;
    },
  };
}

/** Who cares for a container; a label that another program copied along does not say so. */
function ownerOf({ labels: of }: ContainerRecord): string | undefined {
  return of[labels.creation] === undefined ? undefined : of[ownerLabel];
}

async function statusOf(
  { rpc }: ContainerParts,
  containerId: string,
  signal: AbortSignal,
): Promise<TaskStatus | undefined> {
  return (await findTask(rpc, { containerId, execId: '' }, signal))?.status;
}

function madeAt({ createdAt }: ContainerRecord): Date | undefined {
  return createdAt === undefined ? undefined : timestampDate(createdAt);
}

/** Neither made anew under the same id, nor taken up by another owner. */
function isSame(a: ContainerRecord, b: ContainerRecord): boolean {
  return madeAt(a)?.getTime() === madeAt(b)?.getTime() && ownerOf(a) === ownerOf(b);
}

function ignoreGone(error: unknown): undefined {
  if (!hasCode(error, 'not-found')) throw error;
}
