import { stat } from 'node:fs/promises';
import type { Caretaker, Found, Owner } from '@ctrd/core';
import { mountFolders, release } from '../mount/mount-folder.js';

/** Finds what processes that are gone left mounted below the folder of mounts. */
export function mountCaretaker(parent: string, owner: Owner): Caretaker {
  return {
    name: 'mounts',
    async inspect() {
      const found: Found[] = [];
      for (const { path, ownerId } of await mountFolders(parent)) {
        const ownerState = await owner.state(ownerId);
        if (ownerState === 'alive') continue;
        found.push({
          finding: {
            ...{ kind: 'mount', id: path, owner: ownerId, ownerState },
            why: 'its owner is gone',
            since: await madeAt(path),
          },
          async remove() {
            await release(path);
            return true;
          },
        });
      }
      return found;
    },
  };
}

async function madeAt(path: string): Promise<Date | undefined> {
  try {
    // Of what is mounted, or of the folder itself; either is no younger than the process.
    return (await stat(path)).ctime;
  } catch {
    return undefined;
  }
}
