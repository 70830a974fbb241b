import { randomBytes } from 'node:crypto';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type Lease as LeaseRecord, Leases as LeaseService } from '@ctrd/api/services/leases/v1';
import { type Owner, ownerLabel } from '../care/owner.js';
import { hasCode, invalidArgument, toCtrdError } from '../errors/index.js';
import { uninterrupted, withDeadline } from '../kernel/cancellation.js';
import type { Report } from '../kernel/report.js';
import type { Rpc } from '../rpc/rpc.js';
import { checkLabels } from './labels.js';
import type { Lease, LeaseInfo, Leases } from './leases.js';

/** The Go client's: long enough for any pull, short enough for what a crash leaves. */
const defaultExpiryMs = 24 * 60 * 60 * 1000;

/** How long giving a lease back may take; should it fail, the lease expires. */
const deleteTimeoutMs = 30_000;

/** Leases by the daemon's own service. */
export function createDaemonLeases(rpc: Rpc, owner: Owner, report: Report): Leases {
  const calls = rpc.client(LeaseService);

  async function remove(id: string, sync: boolean, signal: AbortSignal): Promise<void> {
    checkId(id);
    try {
      await calls.delete({ id, sync }, { signal });
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
    }
  }

  /** Whoever has done its work under a lease does not fail for the lease: it expires. */
  async function giveBack(id: string): Promise<void> {
    try {
      await withDeadline(deleteTimeoutMs, (signal) => remove(id, false, signal));
    } catch (error) {
      report({ source: `lease ${id}`, error: toCtrdError(error) });
    }
  }

  return {
    async create(options) {
      const { signal, id = newId(), labels = {}, owned = true } = options;
      const { expiresInMs = defaultExpiryMs } = options;
      checkId(id);
      checkLabels('labels', labels);
      if (!(Number.isFinite(expiresInMs) && expiresInMs > 0)) {
        throw invalidArgument('expiresInMs', 'be a number above 0', expiresInMs);
      }
      const expires = new Date(Date.now() + expiresInMs).toISOString();
      const own = owned ? { [ownerLabel]: owner.id } : {};
      const request = { id, labels: { ...labels, ...own, 'containerd.io/gc.expire': expires } };
      try {
        // Interrupted, it might be made after it was given back.
        await uninterrupted(signal, (limit) => calls.create(request, { signal: limit }));
      } catch (error) {
        // Cut off on the way back, it may be there all the same; one of a given name may be another's.
        const own = options.id === undefined;
        if (own && hasCode(error, 'timeout', 'unavailable')) await giveBack(id);
        throw error;
      }
      return leaseOf(id, () => giveBack(id));
    },
    async list({ signal, filters = [] }) {
      const { leases } = await calls.list({ filters: [...filters] }, { signal });
      return leases.map(leaseInfo);
    },
    delete: (id, { signal, sync = false }) => remove(id, sync, signal),
    async resources(id, { signal }) {
      checkId(id);
      const { resources } = await calls.listResources({ id }, { signal });
      return resources.map((resource) => ({ type: resource.type, id: resource.id }));
    },
    async add(id, resource, { signal }) {
      checkId(id);
      await calls.addResource({ id, resource: { ...resource } }, { signal });
    },
  };
}

function leaseOf(id: string, giveBack: () => Promise<void>): Lease {
  let kept = false;
  let disposed: Promise<void> | undefined;
  return {
    id,
    keep() {
      kept = true;
    },
    async [Symbol.asyncDispose]() {
      if (!kept) await (disposed ??= giveBack());
    },
  };
}

/** Chosen here, so that a lease can be given back when the daemon's answer is lost. */
function newId(): string {
  return `ctrd-${Date.now().toString(36)}-${randomBytes(9).toString('base64url')}`;
}

function checkId(id: string): void {
  // It travels as a header.
  if (typeof id === 'string' && /^[\x21-\x7e]{1,256}$/.test(id)) return;
  throw invalidArgument('id', 'be 1 to 256 printable ASCII characters without spaces', id);
}

function leaseInfo({ id, createdAt, labels }: LeaseRecord): LeaseInfo {
  return {
    id,
    createdAt: createdAt === undefined ? new Date(0) : timestampDate(createdAt),
    labels: { ...labels },
  };
}
