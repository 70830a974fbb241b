import type { Connector } from '../rpc/transport.js';
import { openConnection } from './connection.js';

/** Settings of connections over node:http2. */
export interface Http2Options {
  /** Bytes of one message, both ways. Default: 16 MiB, which is the daemon's own limit. */
  readonly maxMessageBytes?: number | undefined;
}

/**
 * gRPC on Node's own HTTP/2, without grpc-js: less to load and to ship, and nothing in WebAssembly.
 * It does what containerd needs on a local socket, and no more: no TLS, names, compression, load
 * balancing or interceptors of its own.
 *
 * ```ts
 * const client = await ctrd().provide(Connector, http2Connector()).connect();
 * ```
 */
export function http2Connector({ maxMessageBytes = 16 << 20 }: Http2Options = {}): Connector {
  return { open: (address) => openConnection(address, maxMessageBytes) };
}
