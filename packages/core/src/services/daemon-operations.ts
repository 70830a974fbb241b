import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Health, HealthCheckResponse_ServingStatus } from '@ctrd/api/grpc/health/v1';
import { Introspection, type Plugin } from '@ctrd/api/services/introspection/v1';
import { Version } from '@ctrd/api/services/version/v1';
import type { Platform } from '@ctrd/api/types/platform';
import { CtrdError } from '../errors/index.js';
import { type CallControl, onOptions, onSubject, type Running } from '../kernel/operation.js';
import type { Rpc } from '../rpc/rpc.js';
import type { DaemonInfo, DaemonPlugin, Filtered } from './daemon-api.js';
import { createFeatures } from './features.js';

/** What the daemon says of itself. */
export function daemonOperations(rpc: Rpc) {
  const features = createFeatures(rpc);
  return {
    version: onOptions(async ({ signal }: Running<CallControl>) => {
      const { version, revision } = await rpc.client(Version).version({}, { signal });
      return { version, revision };
    }),
    server: onOptions(async ({ signal }: Running<CallControl>): Promise<DaemonInfo> => {
      const { uuid, pid, deprecations } = await rpc.client(Introspection).server({}, { signal });
      return {
        uuid,
        pid: pid === 0n ? undefined : Number(pid),
        deprecations: deprecations.map(({ id, message, lastOccurrence }) => ({
          id,
          message,
          lastOccurrence: lastOccurrence === undefined ? undefined : timestampDate(lastOccurrence),
        })),
      };
    }),
    health: onOptions(({ signal }: Running<CallControl>) => checkHealth(rpc, signal)),
    plugins: onOptions(async ({ filters = [], signal }: Running<Filtered>) => {
      const answer = await rpc.client(Introspection).plugins({ filters: [...filters] }, { signal });
      return answer.plugins.map(pluginOf);
    }),
    supports: onSubject((feature, { signal }: Running<CallControl>) =>
      features.has(feature, signal),
    ),
  };
}

/** Throws `unavailable` unless the daemon says that it serves. */
export async function checkHealth(rpc: Rpc, signal: AbortSignal): Promise<void> {
  const { status } = await rpc.client(Health).check({}, { signal });
  if (status !== HealthCheckResponse_ServingStatus.SERVING) {
    throw new CtrdError('the daemon answers, but does not serve', {
      code: 'unavailable',
      reason: 'not-serving',
    });
  }
}

function pluginOf(plugin: Plugin): DaemonPlugin {
  const { type, id, platforms, capabilities, exports, initErr } = plugin;
  return {
    type,
    id,
    platforms: platforms.map(platformText),
    capabilities: [...capabilities],
    exports: { ...exports },
    error: initErr?.message,
  };
}

function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== '').join('/');
}
