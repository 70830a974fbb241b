import type { Connector } from '../rpc/transport.js';
import { openConnection } from './connection.js';

/** Settings of gRPC connections. */
export interface GrpcOptions {
  /** Bytes of one message, both ways. Default: 16 MiB, which is the daemon's own limit. */
  readonly maxMessageBytes?: number | undefined;
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

function channelOptions({ maxMessageBytes = 16 << 20 }: GrpcOptions) {
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    // Without it, equal addresses share one socket across the process.
    'grpc.use_local_subchannel_pool': 1,
    // A local daemon that restarts is back within a second, and trying to reach a socket costs next
    // to nothing; the default waits for up to 120 seconds.
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
    // Two and a half times the default's speed for content; more brings nothing.
    'grpc-node.flow_control_window': 1 << 20,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
  };
}
