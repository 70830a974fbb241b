import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { type Caretaker, type Found, ownerLabel, withDeadline } from '@ctrd/core';
import type { ContainerParts } from '../lifecycle/parts.js';
import { findRecord } from '../lifecycle/records.js';
import { childrenOf, parentOf, type ShimProcess, shimProcesses } from './processes.js';

/**
 * Finds shims that the daemon does not know: containerd 1.6 leaves some behind when it is killed
 * while it makes tasks, and any line when it is while it deletes them. `address` answers the path of
 * the daemon's socket.
 */
export function shimCaretaker(parts: ContainerParts, address: () => string): Caretaker {
  const { rpc, owner, shims } = parts;

  /** Shims of this daemon and namespace that serve no task the daemon has. */
  async function unknown(signal: AbortSignal): Promise<readonly ShimProcess[]> {
    const daemon = new Set([address(), await realpath(address()).catch(() => address())]);
    const all: ShimProcess[] = [];
    for await (const shim of shimProcesses()) {
      if (daemon.has(shim.address) && shim.namespace === rpc.namespace) all.push(shim);
    }
    if (all.length === 0) return [];
    // After the shims: a task that was made meanwhile is known by now.
    const { tasks } = await rpc.client(Tasks).list({}, { signal });
    const ids = new Set(tasks.map(({ id }) => id));
    // One may serve a group of containers, of which the first is gone.
    const serving = new Set(await Promise.all(tasks.map(({ pid }) => parentOf(pid))));
    return all.filter(({ id, pid }) => !ids.has(id) && !serving.has(pid));
  }

  return {
    name: 'shims',
    async inspect(signal) {
      const found: Found[] = [];
      for (const shim of await unknown(signal)) {
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
            const still = (await unknown(signal)).some(
              ({ pid, id }) => pid === shim.pid && id === shim.id,
            );
            if (!still) return false;
            // In good order, so that the runtime forgets the container too; else as it is.
            await withDeadline(endTimeoutMs, (limit) =>
              shims.end(shim.id, { signal: limit }),
            ).catch(() => {});
            if (!(await hasEnded(shim.pid))) {
              for (const pid of [...(await childrenOf(shim.pid)), shim.pid]) kill(pid);
            }
            return await hasEnded(shim.pid);
          },
        });
      }
      return found;
    },
  };
}

/** How long a shim may take to end its container, and then itself. */
const endTimeoutMs = 5_000;

async function hasEnded(pid: number): Promise<boolean> {
  for (const end = performance.now() + endTimeoutMs; performance.now() < end; await sleep(50)) {
    if ((await parentOf(pid)) === 0) return true;
  }
  return false;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
