import { hasCode, type Lease, ownerLabel, toCtrdError, withDeadline } from '@ctrd/core';
import type { ImageParts } from '../parts.js';

/** On a lease: the digest of what is pulled under it. */
const pullLabel = 'ctrd/pull';

/** How long giving back what earlier attempts have left may take. */
const takeOverTimeoutMs = 30_000;

/** What holds the parts of an image until its record does. */
export interface PullLease extends AsyncDisposable {
  readonly id: string;
  /** Keeps what is there when a later attempt can do better than this one. */
  failed(error: unknown): void;
  /** Gives back what earlier attempts of the same image have kept, or left when they were killed. */
  takeOver(): Promise<void>;
}

/** Leases of this process that were kept after a failure, by the lease's id. */
const kept = new Set<string>();

export async function pullLease(
  { leases, owner, report }: Pick<ImageParts, 'leases' | 'owner' | 'report'>,
  digest: string,
  signal: AbortSignal,
): Promise<PullLease> {
  const lease: Lease = await leases.create({ signal, labels: { [pullLabel]: digest } });

  async function isAbandoned({ id, labels }: { id: string; labels: Record<string, string> }) {
    if (id === lease.id) return false;
    return kept.has(id) || (await owner.state(labels[ownerLabel] ?? '')) === 'dead';
  }

  return {
    id: lease.id,
    failed(error) {
      const isPassing = hasCode(error, 'unavailable') || isIdle(error);
      if (!isPassing) return;
      kept.add(lease.id);
      lease.keep();
    },
    async takeOver() {
      try {
        await withDeadline(takeOverTimeoutMs, async (limit) => {
          const filters = [`labels.${JSON.stringify(pullLabel)}==${JSON.stringify(digest)}`];
          for (const { id, labels } of await leases.list({ filters, signal: limit })) {
            if (!(await isAbandoned({ id, labels }))) continue;
            await leases.delete(id, { signal: limit });
            kept.delete(id);
          }
        });
      } catch (error) {
        // They expire by themselves.
        report({ source: `leases of earlier pulls of ${digest}`, error: toCtrdError(error) });
      }
    },
    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}

function isIdle(error: unknown): boolean {
  return hasCode(error, 'timeout') && error.reason === 'idle';
}
