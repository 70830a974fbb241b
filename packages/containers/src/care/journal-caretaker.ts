import type { Caretaker, Finding, Found } from '@ctrd/core';
import type { JournalEntry } from '../exits/exit-journal.js';
import type { ContainerParts } from '../lifecycle/parts.js';
import { findRecord } from '../lifecycle/records.js';

/**
 * Finds what a dead owner has noted in the journal of exits of a container that another program has
 * removed meanwhile. Of a container that is there, the exit is still to be told: see `recoverAll()`.
 */
export function journalCaretaker({ rpc, owner, journal }: ContainerParts): Caretaker {
  /** What was noted of each container that is gone. */
  async function untold(signal: AbortSignal): Promise<ReadonlyMap<string, JournalEntry[]>> {
    const byContainer = new Map<string, JournalEntry[]>();
    for (const entry of await journal.list()) {
      const { containerId } = entry.key;
      byContainer.set(containerId, [...(byContainer.get(containerId) ?? []), entry]);
    }
    // After the journal: whatever is noted has its record first.
    for (const id of [...byContainer.keys()]) {
      if ((await findRecord(rpc, id, signal)) !== undefined) byContainer.delete(id);
    }
    return byContainer;
  }

  /** Undefined when somebody who noted a part of it lives, and is about to forget it. */
  async function findingOf(
    id: string,
    entries: readonly JournalEntry[],
  ): Promise<Finding | undefined> {
    const owners = await Promise.all(
      entries.map(async ({ owner: id, since }) => ({
        ...{ owner: id, since },
        ownerState: id === undefined ? ('none' as const) : await owner.state(id),
      })),
    );
    // The one of whom least is known decides whether it is swept.
    const [last] = (['alive', 'unknown', 'none', 'dead'] as const).flatMap((state) =>
      owners.filter(({ ownerState }) => ownerState === state),
    );
    if (last === undefined || last.ownerState === 'alive') return undefined;
    const { ownerState } = last;
    return { kind: 'exit', id, ...last, ownerState, why: 'its container is gone' };
  }

  return {
    name: 'exits',
    async inspect(signal) {
      const found: Found[] = [];
      for (const [id, entries] of await untold(signal)) {
        const finding = await findingOf(id, entries);
        if (finding === undefined) continue;
        found.push({
          finding,
          async remove(signal) {
            const now = (await untold(signal)).get(id);
            const still = now === undefined ? undefined : await findingOf(id, now);
            if (still?.owner !== finding.owner) return false;
            await journal.forgetContainer(id);
            return true;
          },
        });
      }
      return found;
    },
  };
}
