import { Health, HealthCheckResponse_ServingStatus } from '@ctrd/api/grpc/health/v1';
import { Introspection } from '@ctrd/api/services/introspection/v1';
import { type Namespace, Namespaces } from '@ctrd/api/services/namespaces/v1';
import { Store } from '@ctrd/api/services/sandbox/v1';
import { Transfer } from '@ctrd/api/services/transfer/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { CtrdError, hasCode, invalidArgument } from '../errors/index.js';
import { identifierRule, isIdentifier } from '../kernel/identifier.js';
import { type CallControl, onOptions, onSubject, type Running } from '../kernel/operation.js';
import type { Rpc } from '../rpc/rpc.js';
import type { DaemonFeature, DaemonPlugin, NamespaceInfo } from './daemon-api.js';
import type { Leases } from './leases.js';

type Labels = Readonly<Record<string, string>>;
type Filtered = CallControl & { readonly filters?: readonly string[] | undefined };

/** The methods of `DaemonAPIClient`. */
export function daemonOperations(rpc: Rpc, leases: Leases) {
  const namespaces = rpc.client(Namespaces);
  return {
    version: onOptions(async ({ signal }: Running<CallControl>) => {
      const { version, revision } = await rpc.client(Version).version({}, { signal });
      return { version, revision };
    }),
    health: onOptions(({ signal }: Running<CallControl>) => checkHealth(rpc, signal)),
    plugins: onOptions(async ({ filters = [], signal }: Running<Filtered>) => {
      const answer = await rpc.client(Introspection).plugins({ filters: [...filters] }, { signal });
      return answer.plugins.map(
        ({ type, id, platforms, capabilities, initErr }): DaemonPlugin => ({
          type,
          id,
          platforms: platforms.map(({ os, architecture }) => `${os}/${architecture}`),
          capabilities: [...capabilities],
          error: initErr?.message,
        }),
      );
    }),
    supports: onSubject(async (feature, { signal }: Running<CallControl>) =>
      supports(rpc, feature as DaemonFeature, signal),
    ),
    listNamespaces: onOptions(async ({ signal }: Running<CallControl>) => {
      const answer = await namespaces.list({}, { signal });
      return answer.namespaces.map(namespaceInfo);
    }),
    createNamespace: onSubject(
      async (name, options: Running<CallControl & { readonly labels?: Labels | undefined }>) => {
        checkNamespace(name);
        const { labels = {}, signal } = options;
        const answer = await namespaces.create({ namespace: { name, labels } }, { signal });
        return namespaceInfo(answer.namespace ?? { name, labels });
      },
    ),
    labelNamespace: onSubject(
      async (name, { labels, signal }: Running<CallControl & { readonly labels: Labels }>) => {
        checkNamespace(name);
        const paths = Object.keys(labels).map((label) => `labels.${label}`);
        const answer = await namespaces.update(
          { namespace: { name, labels }, updateMask: { paths } },
          { signal },
        );
        return namespaceInfo(answer.namespace ?? { name, labels });
      },
    ),
    deleteNamespace: onSubject(async (name, { signal }: Running<CallControl>) => {
      checkNamespace(name);
      await namespaces.delete({ name }, { signal });
    }),
    listLeases: onOptions((options: Running<Filtered>) => leases.list(options)),
    deleteLease: onSubject(
      (id, options: Running<CallControl & { readonly sync?: boolean | undefined }>) =>
        leases.delete(id, options),
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

async function supports(rpc: Rpc, feature: DaemonFeature, signal: AbortSignal): Promise<boolean> {
  const probes: Readonly<Record<DaemonFeature, () => Promise<unknown>>> = {
    transfer: () => rpc.client(Transfer).transfer({}, { signal }),
    sandboxes: () => rpc.client(Store).list({}, { signal }),
    'plugin-info': () => rpc.client(Introspection).pluginInfo({}, { signal }),
  };
  const probe = probes[feature];
  if (probe === undefined) {
    throw invalidArgument('feature', `be one of ${Object.keys(probes).join(', ')}`, feature);
  }
  try {
    await probe();
    return true;
  } catch (error) {
    if (hasCode(error, 'unimplemented')) return false;
    // A daemon that refuses the empty request knows the method.
    if (hasCode(error, 'unavailable', 'timeout', 'aborted')) throw error;
    return true;
  }
}

function checkNamespace(name: string): void {
  if (!isIdentifier(name)) throw invalidArgument('namespace', identifierRule, name);
}

function namespaceInfo({ name, labels }: Pick<Namespace, 'name' | 'labels'>): NamespaceInfo {
  return { name, labels: { ...labels } };
}
