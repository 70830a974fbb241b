import type { Message } from '@bufbuild/protobuf';
import { type Token, token } from '../di/token.js';
import type { StreamCall, UnaryCall } from './call.js';

/**
 * What carries calls to the daemon. Failures are `CtrdError`s; a transport failure is `unavailable`
 * and always has a reason (`refused`, `missing`, `forbidden`, `dropped`, …).
 */
export interface Transport {
  /** Makes a call and resolves with its answer. */
  unary(call: UnaryCall): Promise<Message>;
  /** Ending the iteration early cancels the call on the server. */
  stream(call: StreamCall): AsyncIterable<Message>;
  /** Ends the connection; calls in flight fail. May be called again. */
  close(): Promise<void>;
}

export const Transport: Token<Transport, 'Transport'> = token('Transport');

/**
 * The state of a {@link Connection}: `idle` has not been used yet or has closed for want of use,
 * `failing` waits to connect again.
 */
export type ConnectionState = 'idle' | 'connecting' | 'ready' | 'failing' | 'closed';

/** A transport on one connection of its own, which can be watched. */
export interface Connection extends Transport {
  readonly state: ConnectionState;
  /** Calls the listener after each change of {@link state}, until the result is disposed. */
  watch(listener: (state: ConnectionState) => void): Disposable;
  /** Resolves when the connection is `ready`. Rejects with `unavailable` as soon as an attempt fails. */
  connect(options: { signal: AbortSignal }): Promise<void>;
}

/** Makes connections. The default speaks gRPC through grpc-js (`@ctrd/core/grpc`). */
export interface Connector {
  /** A new connection of its own, which connects when first used. */
  open(address: string): Connection;
}

export const Connector: Token<Connector, 'Connector'> = token('Connector');
