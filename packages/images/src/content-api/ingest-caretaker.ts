import {
  type Caretaker,
  type Found,
  hasCode,
  type Leases,
  type Owner,
  ownerLabel,
} from '@ctrd/core';
import type { ContentStore } from '../content/content-store.js';

interface Parts {
  readonly content: ContentStore;
  readonly leases: Leases;
  readonly owner: Owner;
}

/**
 * Finds writes that were broken off: those under a lease whose owner is gone. An ingest names no
 * owner itself, so that its lease speaks for it; one that a living lease holds as well, or that is
 * under none and expires by itself, is left alone.
 */
export function ingestCaretaker({ content, leases, owner }: Parts): Caretaker {
  /** The owners of the leases that hold each ingest; `undefined` for a lease that names none. */
  async function holders(signal: AbortSignal): Promise<Map<string, (string | undefined)[]>> {
    const byRef = new Map<string, (string | undefined)[]>();
    for (const { id, labels } of await leases.list({ signal })) {
      const held = await leases.resources(id, { signal }).catch((error: unknown) => {
        if (hasCode(error, 'not-found')) return [];
        throw error;
      });
      for (const resource of held) {
        if (resource.type !== 'ingests') continue;
        byRef.set(resource.id, [...(byRef.get(resource.id) ?? []), labels[ownerLabel]]);
      }
    }
    return byRef;
  }

  /** The owner of an ingest, when none of its leases may still be used. */
  async function abandonedBy(
    by: readonly (string | undefined)[],
  ): Promise<{ owner: string; ownerState: 'dead' | 'unknown' } | undefined> {
    const states = await Promise.all(
      by.map(async (id) => (id === undefined ? 'none' : await owner.state(id))),
    );
    if (by[0] === undefined || states.some((state) => state === 'alive' || state === 'none'))
      return;
    return { owner: by[0], ownerState: states.includes('unknown') ? 'unknown' : 'dead' };
  }

  return {
    name: 'ingests',
    async inspect(signal) {
      const ingests = await content.ingests([], { signal });
      if (ingests.length === 0) return [];
      const byRef = await holders(signal);
      const found: Found[] = [];
      for (const { ref, startedAt } of ingests) {
        const abandoned = await abandonedBy(byRef.get(ref) ?? []);
        if (abandoned === undefined) continue;
        found.push({
          finding: {
            ...{ kind: 'ingest', id: ref, ...abandoned, since: startedAt },
            why: 'it was broken off, and the owner of its lease is gone',
          },
          async remove(signal) {
            // Another attempt may go on with it by now, under a lease of its own.
            const by = (await holders(signal)).get(ref) ?? [];
            if ((await abandonedBy(by)) === undefined) return false;
            await content.abort(ref, { signal });
            return true;
          },
        });
      }
      return found;
    },
  };
}
