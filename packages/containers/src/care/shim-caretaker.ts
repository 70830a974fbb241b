import { type Caretaker, type Found, ownerLabel } from '@ctrd/core';
import type { ContainerParts } from '../lifecycle/parts.js';
import { findRecord } from '../lifecycle/records.js';
import { forgottenShims, killForgottenShims } from './forgotten-shims.js';

/** Finds shims that the daemon does not know. */
export function shimCaretaker(parts: ContainerParts): Caretaker {
  const { rpc, owner } = parts;
  return {
    name: 'shims',
    async inspect(signal) {
      const found: Found[] = [];
      for (const shim of await forgottenShims(parts, signal)) {
        const own = (await findRecord(rpc, shim.id, signal))?.labels[ownerLabel];
        const ownerState = own === undefined ? 'none' : await owner.state(own);
        if (ownerState === 'alive') continue;
        found.push({
          finding: {
            ...{ kind: 'shim', id: `${shim.id} (process ${shim.pid})`, owner: own, ownerState },
            why: 'the daemon does not know it',
            since: shim.startedAt,
          },
          async remove(signal) {
            const still = (await forgottenShims(parts, signal)).some(({ pid }) => pid === shim.pid);
            if (!still) return false;
            await parts.shims.end(shim.id, { signal });
            return await killForgottenShims(parts, shim.id, signal);
          },
        });
      }
      return found;
    },
  };
}
