import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Leases as LeaseService } from '@ctrd/api/services/leases/v1';
import { hasCode } from '../errors/index.js';
import { withDeadline } from '../kernel/cancellation.js';
import type { Rpc } from '../rpc/rpc.js';
import type { LeaseInfo, Leases } from './leases.js';

/** The Go client's: long enough for any pull, short enough for what a crash leaves. */
const defaultExpiryMs = 24 * 60 * 60 * 1000;

/** How long giving a lease back may take; should it fail, the lease expires. */
const deleteTimeoutMs = 30_000;

/** Leases by the daemon's own service. */
export function createDaemonLeases(rpc: Rpc): Leases {
  const calls = rpc.client(LeaseService);

  async function remove(id: string, sync: boolean, signal: AbortSignal): Promise<void> {
    try {
      await calls.delete({ id, sync }, { signal });
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
    }
  }

  return {
    async create({ signal, id = '', labels = {}, expiresInMs = defaultExpiryMs }) {
      const expires = new Date(Date.now() + expiresInMs).toISOString();
      const answer = await calls.create(
        { id, labels: { 'containerd.io/gc.expire': expires, ...labels } },
        { signal },
      );
      const made = answer.lease?.id ?? id;
      let kept = false;
      let disposed: Promise<void> | undefined;
      return {
        id: made,
        keep() {
          kept = true;
        },
        [Symbol.asyncDispose]() {
          if (kept) return Promise.resolve();
          return (disposed ??= withDeadline(deleteTimeoutMs, (limit) =>
            remove(made, false, limit),
          ));
        },
      };
    },
    async list({ signal, filters = [] }) {
      const { leases } = await calls.list({ filters: [...filters] }, { signal });
      return leases.map(
        ({ id, createdAt, labels }): LeaseInfo => ({
          id,
          createdAt: createdAt ? timestampDate(createdAt) : new Date(0),
          labels: { ...labels },
        }),
      );
    },
    delete: (id, { signal, sync = false }) => remove(id, sync, signal),
    async resources(id, { signal }) {
      const { resources } = await calls.listResources({ id }, { signal });
      return resources.map((resource) => ({ type: resource.type, id: resource.id }));
    },
    async add(id, resource, { signal }) {
      await calls.addResource({ id, resource: { ...resource } }, { signal });
    },
  };
}
