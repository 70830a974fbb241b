import type { Connector } from '../rpc/transport.js';
import { openConnection } from './connection.js';

/** Settings of gRPC connections. */
export interface GrpcOptions {
  /** Bytes of one message, both ways. Default: 16 MiB, which is the daemon's own limit. */
  readonly maxMessageBytes?: number | undefined;
  /** Milliseconds between two attempts to connect, at first and at most. Default: 50 and 1000. */
  readonly reconnectMs?: readonly [first: number, longest: number] | undefined;
}

/**
 * Connections over grpc-js, each on a socket of its own.
 *
 * No pings are sent: containerd ends the connection of a client that pings more often than every
 * five minutes, and a local socket tells of a dead peer by itself. A daemon that hangs shows in the
 * time limits of calls.
 */
export function grpcConnector(options: GrpcOptions = {}): Connector {
  const settings = channelOptions(options);
  return { open: (address) => openConnection(address, settings) };
}

function channelOptions({ maxMessageBytes = 16 << 20, reconnectMs = [50, 1000] }: GrpcOptions) {
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    // Without it, equal addresses share one socket across the process.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': reconnectMs[0],
    'grpc.max_reconnect_backoff_ms': reconnectMs[1],
    // Two and a half times the default's speed for content; more brings nothing.
    'grpc-node.flow_control_window': 1 << 20,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
  };
}
