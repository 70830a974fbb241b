import { type CallControl, onOptions, onSubject, type Running } from '../kernel/operation.js';
import type { CreateLeaseOptions, Filtered } from './daemon-api.js';
import type { Leases } from './leases.js';

/** The methods on leases. */
export function leaseOperations(leases: Leases) {
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
    listLeases: onOptions((options: Running<Filtered>) => leases.list(options)),
    deleteLease: onSubject(
      (id, options: Running<CallControl & { readonly sync?: boolean | undefined }>) =>
        leases.delete(id, options),
    ),
    listLeaseResources: onSubject((id, options: Running<CallControl>) =>
      leases.resources(id, options),
    ),
  };
}
