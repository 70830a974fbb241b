import { Task as TaskV2 } from '@ctrd/api/task/v2';
import { Task as TaskV3 } from '@ctrd/api/task/v3';
import { hasCode, throwIfAborted } from '@ctrd/core';
import { type ExitMessage, exitedMessage, type ProcessKey } from '../exits/exit-message.js';
import { shimAddresses } from './shim-address.js';
import { connectTtrpc, type TtrpcConnection } from './ttrpc.js';

/** Learns from the shims themselves how processes end: they outlive the daemon. */
export interface ShimExits {
  /**
   * Resolves with the end of a process, or with `undefined` as soon as its shim cannot say it any
   * more: it is gone, or has never had the process. Rejects when the signal ends.
   */
  wait(
    key: ProcessKey,
    options: { readonly signal: AbortSignal },
  ): Promise<ExitMessage | undefined>;
}

/** The shims of a daemon on this machine. `address` answers the path of the daemon's socket. */
export function createShimExits(namespace: string, address: () => string): ShimExits {
  return {
    async wait(key, { signal }) {
      for await (const path of shimAddresses(address(), namespace, key)) {
        try {
          using shim = await connectTtrpc(path, { namespace, signal });
          const { exitStatus, exitedAt } = await waitOn(shim, key, signal);
          return exitedMessage(key, exitStatus, exitedAt);
        } catch (error) {
          throwIfAborted(signal);
          // Nobody listens there; elsewhere somebody may.
          if (hasCode(error, 'unavailable') && error.reason !== 'dropped') continue;
          return undefined;
        }
      }
      return undefined;
    },
  };
}

/** The task API of containerd 2, or else that of 1.6 and 1.7: a shim has one of them. */
async function waitOn(
  shim: TtrpcConnection,
  { containerId, execId }: ProcessKey,
  signal: AbortSignal,
) {
  const request = { id: containerId, execId };
  try {
    return await shim.call(TaskV3.method.wait, request, { signal });
  } catch (error) {
    if (!hasCode(error, 'unimplemented')) throw error;
    return await shim.call(TaskV2.method.wait, request, { signal });
  }
}
