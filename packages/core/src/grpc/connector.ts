import { connect as connectSocket } from 'node:net';
import { Client, credentials, connectivityState as State } from '@grpc/grpc-js';
import { CtrdError } from '../errors/index.js';
import { abortError } from '../kernel/cancellation.js';
import { socketPath } from '../rpc/address.js';
import type { Connection, ConnectionState, Connector } from '../rpc/transport.js';
import { stream } from './stream.js';
import { unary } from './unary.js';

/** Settings of gRPC connections. */
export interface GrpcOptions {
  /** Bytes of one message, both ways. Default: 16 MiB, which is the daemon's own limit. */
  readonly maxMessageBytes?: number | undefined;
  /** Milliseconds between two attempts to connect, at first and at most. Default: 50 and 1000. */
  readonly reconnectMs?: readonly [first: number, longest: number] | undefined;
}

/** Connections over grpc-js, each on a socket of its own. */
export function grpcConnector(options: GrpcOptions = {}): Connector {
  return { open: (address) => openConnection(socketPath(address), options) };
}

function openConnection(path: string, options: GrpcOptions): Connection {
  const client = new Client(`unix:${path}`, credentials.createInsecure(), channelOptions(options));
  const channel = client.getChannel();
  const listeners = new Set<(state: ConnectionState) => void>();
  let closed = false;
  let following = false;

  const state = (): ConnectionState =>
    closed ? 'closed' : stateNames[channel.getConnectivityState(false)];

  /** grpc-js tells of one change at a time; nobody is told when nobody listens. */
  function follow(): void {
    if (closed || listeners.size === 0) {
      following = false;
      return;
    }
    following = true;
    const seen = channel.getConnectivityState(false);
    channel.watchConnectivityState(seen, Number.POSITIVE_INFINITY, () => {
      if (closed) return;
      tell(state());
      follow();
    });
  }

  function tell(next: ConnectionState): void {
    for (const listener of [...listeners]) listener(next);
  }

  function watch(listener: (state: ConnectionState) => void): Disposable {
    listeners.add(listener);
    if (!following) follow();
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  function refuseClosed(): void {
    if (!closed) return;
    throw new CtrdError('the connection is closed', {
      code: 'failed-precondition',
      reason: 'closed',
      subject: path,
    });
  }

  return {
    get state() {
      return state();
    },
    watch,
    async connect({ signal }) {
      refuseClosed();
      if (signal.aborted) throw abortError(signal);
      await new Promise<void>((resolve, reject) => {
        const settle = (finish: () => void) => {
          watching[Symbol.dispose]();
          signal.removeEventListener('abort', aborted);
          finish();
        };
        const aborted = () => settle(() => reject(abortError(signal)));
        const look = (now: ConnectionState) => {
          if (now === 'ready') settle(resolve);
          else if (now === 'failing' || now === 'closed') {
            settle(() => void whyNot(path).then(reject));
          }
        };
        const watching = watch(look);
        signal.addEventListener('abort', aborted, { once: true });
        channel.getConnectivityState(true);
        look(state());
      });
    },
    async unary(call) {
      refuseClosed();
      return await unary(client, call);
    },
    async *stream(call) {
      refuseClosed();
      yield* stream(client, call);
    },
    async close() {
      if (closed) return;
      closed = true;
      client.close();
      tell('closed');
      listeners.clear();
    },
  };
}

const stateNames: Readonly<Record<State, ConnectionState>> = {
  [State.IDLE]: 'idle',
  [State.CONNECTING]: 'connecting',
  [State.READY]: 'ready',
  [State.TRANSIENT_FAILURE]: 'failing',
  [State.SHUTDOWN]: 'closed',
};

function channelOptions({ maxMessageBytes = 16 << 20, reconnectMs = [50, 1000] }: GrpcOptions) {
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    // Without it, equal addresses share one socket across the process.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': reconnectMs[0],
    'grpc.min_reconnect_backoff_ms': reconnectMs[0],
    'grpc.max_reconnect_backoff_ms': reconnectMs[1],
    // Two and a half times the default's speed for content; more brings nothing.
    'grpc-node.flow_control_window': 1 << 20,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_retries': 0,
  };
}

/** Why a socket does not answer: gRPC knows that it failed, but not with which error. */
function whyNot(path: string): Promise<CtrdError> {
  return new Promise((resolve) => {
    const socket = connectSocket(path);
    const answer = (reason: string, message: string, cause?: unknown) => {
      socket.destroy();
      resolve(new CtrdError(message, { code: 'unavailable', reason, subject: path, cause }));
    };
    socket.on('connect', () => answer('unreachable', 'something listens there, but not gRPC'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        answer('missing', 'there is no socket: does containerd run?', error);
      else if (error.code === 'EACCES' || error.code === 'EPERM') {
        answer('forbidden', 'this user may not open the socket: run as root', error);
      } else answer('refused', 'nobody listens on the socket: does containerd run?', error);
    });
  });
}
