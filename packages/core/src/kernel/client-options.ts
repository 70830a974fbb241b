import { isAbsolute } from 'node:path';
import { checkMilliseconds, invalidArgument } from '../errors/index.js';
import { socketPath } from '../rpc/address.js';
import { identifierRule, isIdentifier } from './identifier.js';

/** Options of `ctrd()`. */
export interface ClientOptions {
  /**
   * The daemon's socket: a path, `unix:///path`. Default: `CONTAINERD_ADDRESS`, then
   * `/run/containerd/containerd.sock`.
   */
  readonly address?: string | undefined;
  /** Default: `CONTAINERD_NAMESPACE`, then `default`. */
  readonly namespace?: string | undefined;
  /** Default: see `DefaultSnapshotter`; `CONTAINERD_SNAPSHOTTER` goes before the namespace's label. */
  readonly snapshotter?: string | undefined;
  /**
   * The folder for pipes and mounts; see `RuntimeDir`. Clients that recover each other's containers
   * need the same. Default: `/run/ctrd` for root.
   */
  readonly runtimeDir?: string | undefined;
  /** Milliseconds within which `connect()` must reach the daemon. Default: 10 000, as the Go client. */
  readonly connectTimeoutMs?: number | undefined;
  /** A tsyringe container of the host: what it has registered under a token's key is found too. */
  readonly container?: unknown;
}

/** Throws `invalid-argument`, naming the field. */
export function checkClientOptions(options: ClientOptions): void {
  const { address, namespace, snapshotter, connectTimeoutMs, runtimeDir } = options;
  if (runtimeDir !== undefined && !isAbsolute(runtimeDir)) {
    throw invalidArgument('runtimeDir', 'be an absolute path', runtimeDir);
  }
  if (address !== undefined) socketPath(address);
  if (namespace !== undefined && !isIdentifier(namespace)) {
    throw invalidArgument('namespace', identifierRule, namespace);
  }
  if (snapshotter !== undefined && !isIdentifier(snapshotter)) {
    throw invalidArgument('snapshotter', "be a plugin's id, such as overlayfs", snapshotter);
  }
  checkMilliseconds('connectTimeoutMs', connectTimeoutMs);
}
