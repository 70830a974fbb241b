import type { Leases } from '../services/leases.js';
import type { Caretaker, Found } from './caretaker.js';
import { type Owner, ownerLabel } from './owner.js';

/**
 * Finds leases of owners that are gone; with them goes what only they held. Leases of other programs
 * expire by themselves and are none of ours.
 */
export function leaseCaretaker(leases: Leases, owner: Owner): Caretaker {
  return {
    name: 'leases',
    async inspect(signal) {
      const found: Found[] = [];
      for (const { id, createdAt, labels } of await leases.list({ signal })) {
        const owned = labels[ownerLabel];
        if (owned === undefined) continue;
        const ownerState = await owner.state(owned);
        if (ownerState === 'alive') continue;
        found.push({
          finding: {
            ...{ kind: 'lease', id, owner: owned, ownerState, since: createdAt },
            why: 'its owner is gone',
          },
          async remove(signal) {
            // Ids are random: it is the one that was found.
            await leases.delete(id, { signal });
            return true;
          },
        });
      }
      return found;
    },
  };
}
