import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, hasCode, type Rpc } from '@ctrd/core';

/**
 * Calls that wait for a daemon which is away, and are sent again when it goes away under them, for
 * as long as their signal lets them: for clean-ups, which must happen although the failure before
 * them may be the daemon's, and may happen twice.
 */
export function patientRpc(rpc: Rpc): Rpc {
  return {
    namespace: rpc.namespace,
    client(service, scope) {
      const methods = Object.entries(rpc.client(service, scope) as Record<string, Method>);
      return Object.fromEntries(
        methods.map(([name, method]) => [name, patient(method)]),
      ) as ReturnType<typeof rpc.client<typeof service>>;
    },
  };
}

type Method = (request: unknown, options?: CallOptions) => unknown;

const pauseMs = 50;

function patient(method: Method): Method {
  return async (request, options) => {
    for (;;) {
      try {
        return await method(request, { waitForReady: true, ...options });
      } catch (error) {
        // Of a shim that has gone, the daemon takes a moment to say that nothing is left.
        const wentAway =
          hasCode(error, 'unavailable') && ['dropped', 'shim'].includes(error.reason ?? '');
        if (!wentAway || options?.signal?.aborted !== false) throw error;
        await sleep(pauseMs);
      }
    }
  };
}
