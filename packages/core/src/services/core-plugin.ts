import { bind } from '../di/binding.js';
import { CtrdError, toCtrdError } from '../errors/index.js';
import { abortError, mergeSignals } from '../kernel/cancellation.js';
import type { ClientOptions } from '../kernel/client-options.js';
import { definePlugin } from '../kernel/plugin.js';
import { defaultReport, Report } from '../kernel/report.js';
import { socketPath } from '../rpc/address.js';
import { createRpc } from '../rpc/create-rpc.js';
import { defaultConnector } from '../rpc/default-connector.js';
import { retryReads } from '../rpc/retry-reads.js';
import { Address, Interceptors, Rpc } from '../rpc/rpc.js';
import { Connector, Transport } from '../rpc/transport.js';
import type { DaemonAPIClient } from './daemon-api.js';
import { createDaemonLeases } from './daemon-leases.js';
import { checkHealth, daemonOperations } from './daemon-operations.js';
import { DefaultSnapshotter } from './default-snapshotter.js';
import type { EventsAPIClient } from './event.js';
import { events } from './events.js';
import { createDefaultSnapshotter } from './find-default-snapshotter.js';
import { Leases } from './leases.js';
import { RuntimeDir, runtimeDirOf } from './runtime-dir.js';

/** What every client can do. */
export type CoreApi = DaemonAPIClient & EventsAPIClient;

/** The parts that are always there; a plugin or the host may provide any of them instead. */
export type CoreTokens =
  | 'Address'
  | 'Connector'
  | 'Transport'
  | 'Rpc'
  | 'Leases'
  | 'DefaultSnapshotter'
  | 'RuntimeDir'
  | 'Report';

/** The kernel's own plugin: the connection, and the services that every other plugin stands on. */
export function corePlugin(options: ClientOptions) {
  const namespace = options.namespace ?? (process.env['CONTAINERD_NAMESPACE'] || 'default');
  return definePlugin({
    name: 'core',
    // Started after whoever provides these, such as a private daemon.
    uses: [Address, Transport],
    provides: [
      bind(Report, () => defaultReport),
      bind(RuntimeDir, () => runtimeDirOf(options.runtimeDir)),
      bind(Address, () => ({ path: addressOf(options) })),
      bind(Connector, () => defaultConnector),
      bind(Transport, (parts) => disposable(parts.get(Connector).open(parts.get(Address).path))),
      bind(Rpc, (parts) => createRpc(parts.get(Transport), namespace, parts.all(Interceptors))),
      bind(Leases, (parts) => createDaemonLeases(parts.get(Rpc))),
      bind(DefaultSnapshotter, (parts) =>
        createDefaultSnapshotter(parts.get(Rpc), options.snapshotter),
      ),
    ],
    interceptors: [retryReads],
    setup: (context) => ({
      operations: {
        ...daemonOperations(context.get(Rpc), context.get(Leases)),
        events: events(context.get(Rpc)),
      },
      start: ({ signal }: { signal: AbortSignal }) =>
        reach(context.get(Rpc), context.get(Address), signal, options.connectTimeoutMs ?? 10_000),
    }),
  });
}

function addressOf({ address }: ClientOptions): string {
  const given = address ?? (process.env['CONTAINERD_ADDRESS'] || '/run/containerd/containerd.sock');
  return socketPath(given);
}

/** Makes sure that the daemon serves, so that a wrong address shows at once and as what it is. */
async function reach(
  rpc: Rpc,
  address: Address,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<void> {
  using merged = mergeSignals({ timeoutMs }, signal);
  try {
    await checkHealth(rpc, merged.signal);
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    const failure = toCtrdError(error);
    const { reason = 'unresponsive', cause } = failure;
    throw new CtrdError(`the daemon cannot be reached: ${advice(reason)} (${failure.rawMessage})`, {
      code: 'unavailable',
      reason,
      subject: address.path,
      cause,
    });
  }
}

function advice(reason: string): string {
  switch (reason) {
    case 'missing':
      return 'there is no such socket; does containerd run, and is the address right?';
    case 'refused':
      return 'nobody listens on the socket; does containerd run?';
    case 'forbidden':
      return 'this user may not open the socket; run as root';
    default:
      return 'it does not answer';
  }
}

function disposable<T extends Transport>(transport: T): T & AsyncDisposable {
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}
