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
  /** Milliseconds within which `connect()` must reach the daemon. Default: 10 000, as the Go client. */
  readonly connectTimeoutMs?: number | undefined;
  /** A tsyringe container of the host: what it has registered under a token's key is found too. */
  readonly container?: unknown;
}
