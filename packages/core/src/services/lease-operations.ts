import { invalidArgument } from '../errors/index.js';
import { type CallControl, onOptions, onSubject, type Running } from '../kernel/operation.js';
import type { Report } from '../kernel/report.js';
import type { CreateLeaseOptions, Filtered, HoldLeaseOptions } from './daemon-api.js';
import type { LeaseResource, Leases } from './leases.js';
import { renewedLease } from './renewed-lease.js';

/** Long enough for any single call under it, short enough for what a crash leaves. */
const renewedExpiryMs = 60 * 60 * 1000;

/** The methods on leases. */
export function leaseOperations(leases: Leases, report: Report, closing: AbortSignal) {
  return {
    createLease: onOptions(
      async (options: Running<CreateLeaseOptions>) => {
        // It is to outlive this process.
        const lease = await leases.create({ ...options, owned: false });
        lease.keep();
        return lease.id;
      },
      ({ id }) => id,
    ),
    holdLease: onOptions(async (options: Running<HoldLeaseOptions>) => {
      const { expiresInMs = renewedExpiryMs, labels, signal } = options;
      return await renewedLease(leases, report, { signal, labels, expiresInMs, closing });
    }),
    listLeases: onOptions((options: Running<Filtered>) => leases.list(options)),
    deleteLease: onSubject(
      (id, options: Running<CallControl & { readonly sync?: boolean | undefined }>) =>
        leases.delete(id, options),
    ),
    listLeaseResources: onSubject((id, options: Running<CallControl>) =>
      leases.resources(id, options),
    ),
    addLeaseResource: onSubject(
      (id, { resource, signal }: Running<CallControl & { readonly resource: LeaseResource }>) => {
        checkResource(resource);
        return leases.add(id, resource, { signal });
      },
    ),
  };
}

function checkResource(resource: LeaseResource): void {
  const { type, id } = resource ?? {};
  if (typeof type !== 'string' || !/^(content|ingests|images|snapshots\/.+)$/.test(type)) {
    const kinds = 'content, ingests, images or snapshots/<snapshotter>';
    throw invalidArgument('resource.type', `be ${kinds}`, type);
  }
  if (typeof id !== 'string' || id === '') throw invalidArgument('resource.id', 'not be empty', id);
}
