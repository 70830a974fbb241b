import type { CareAPIClient } from '../care/care-api.js';
import { careOperations } from '../care/care-operations.js';
import { Caretakers } from '../care/caretaker.js';
import { leaseCaretaker } from '../care/lease-caretaker.js';
import { Owner } from '../care/owner.js';
import { processOwner } from '../care/process-owner.js';
import { bind, contribute } from '../di/binding.js';
import { invalidArgument } from '../errors/index.js';
import type { ClientOptions } from '../kernel/client-options.js';
import { identifierRule, isIdentifier } from '../kernel/identifier.js';
import { definePlugin } from '../kernel/plugin.js';
import { defaultReport, Report } from '../kernel/report.js';
import { socketPath } from '../rpc/address.js';
import { createRpc } from '../rpc/create-rpc.js';
import { defaultConnector } from '../rpc/default-connector.js';
import { retryReads } from '../rpc/retry-reads.js';
import { Address, Interceptors, Rpc } from '../rpc/rpc.js';
import { type Connection, Connector, Transport } from '../rpc/transport.js';
import type { DaemonAPIClient } from './daemon-api.js';
import { createDaemonLeases } from './daemon-leases.js';
import { daemonOperations } from './daemon-operations.js';
import { DefaultSnapshotter } from './default-snapshotter.js';
import type { EventsAPIClient } from './event.js';
import { eventOperations } from './events.js';
import { createDefaultSnapshotter } from './find-default-snapshotter.js';
import { leaseOperations } from './lease-operations.js';
import { Leases } from './leases.js';
import { namespaceOperations } from './namespace-operations.js';
import { reachDaemon } from './reach-daemon.js';
import { RuntimeDir, runtimeDirOf } from './runtime-dir.js';

/** What every client can do. */
export type CoreApi = DaemonAPIClient & EventsAPIClient & CareAPIClient;

/** The parts that are always there; a plugin or the host may provide any of them instead. */
export type CoreTokens =
  | 'Address'
  | 'Connector'
  | 'Transport'
  | 'Rpc'
  | 'Owner'
  | 'Leases'
  | 'DefaultSnapshotter'
  | 'RuntimeDir'
  | 'Report';

/** The kernel's own plugin: the connection, and the services that every other plugin stands on. */
export function corePlugin(options: ClientOptions) {
  const namespace = namespaceOf(options);
  return definePlugin({
    name: 'core',
    // Started after whoever provides these, such as a private daemon.
    uses: [Address, Transport],
    provides: [
      bind(Report, () => defaultReport),
      bind(RuntimeDir, () => runtimeDirOf(options.runtimeDir)),
      bind(Address, () => ({ path: addressOf(options) })),
      bind(Connector, () => defaultConnector),
      bind(Transport, (parts) => owned(parts.get(Connector).open(parts.get(Address).path))),
      bind(Rpc, (parts) => createRpc(parts.get(Transport), namespace, parts.all(Interceptors))),
      bind(Owner, processOwner),
      bind(Leases, (parts) =>
        createDaemonLeases(parts.get(Rpc), parts.get(Owner), parts.get(Report)),
      ),
      bind(DefaultSnapshotter, (parts) =>
        createDefaultSnapshotter(parts.get(Rpc), options.snapshotter),
      ),
    ],
    contributes: [
      contribute(Caretakers, (parts) => leaseCaretaker(parts.get(Leases), parts.get(Owner))),
    ],
    interceptors: [retryReads],
    setup: (context) => ({
      operations: {
        ...daemonOperations(context.get(Rpc)),
        ...namespaceOperations(context.get(Rpc)),
        ...leaseOperations(context.get(Leases), context.report, context.closing),
        ...eventOperations(context.get(Rpc)),
        ...careOperations(() => context.all(Caretakers)),
      },
      start: ({ signal }: { signal: AbortSignal }) =>
        reachDaemon(context.get(Rpc), context.get(Address), {
          signal,
          timeoutMs: options.connectTimeoutMs ?? 10_000,
        }),
    }),
  });
}

function namespaceOf({ namespace }: ClientOptions): string {
  const name = namespace ?? (process.env['CONTAINERD_NAMESPACE'] || 'default');
  if (!isIdentifier(name)) throw invalidArgument('namespace', identifierRule, name);
  return name;
}

function addressOf({ address }: ClientOptions): string {
  const given = address ?? (process.env['CONTAINERD_ADDRESS'] || '/run/containerd/containerd.sock');
  return socketPath(given);
}

/** The transport of a connection that nobody else has: it ends with the client. */
function owned(connection: Connection): Transport & AsyncDisposable {
  return {
    unary: (call) => connection.unary(call),
    stream: (call) => connection.stream(call),
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
