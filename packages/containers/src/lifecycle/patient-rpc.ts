import type { CallOptions, Rpc } from '@ctrd/core';

/**
 * Calls that wait for a daemon which is away, for as long as their signal lets them: for clean-ups,
 * which must happen although the failure before them may be the daemon's.
 */
export function patientRpc(rpc: Rpc): Rpc {
  return {
    namespace: rpc.namespace,
    client(service, scope) {
      const methods = Object.entries(rpc.client(service, scope) as Record<string, Method>);
      return Object.fromEntries(
        methods.map(([name, method]) => [
          name,
          (request: unknown, options?: CallOptions) =>
            method(request, { waitForReady: true, ...options }),
        ]),
      ) as ReturnType<typeof rpc.client<typeof service>>;
    },
  };
}

type Method = (request: unknown, options?: CallOptions) => unknown;
