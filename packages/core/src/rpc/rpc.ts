import type { DescService } from '@bufbuild/protobuf';
import { type Contributions, contributions, type Token, token } from '../di/token.js';
import type { RpcInterceptor } from './interceptor.js';
import type { ServiceClient } from './service-client.js';

/** What the calls of a {@link ServiceClient} carry along. */
export interface RpcScope {
  /** Default: the client's namespace. */
  readonly namespace?: string | undefined;
  /** The lease that holds what the calls make. */
  readonly lease?: string | undefined;
}

/** Typed clients of the daemon's services, in the client's namespace, through its interceptors. */
export interface Rpc {
  /** The client's namespace. */
  readonly namespace: string;
  /** The functions of a service, by its descriptor in `@ctrd/api`. */
  client<S extends DescService>(service: S, scope?: RpcScope): ServiceClient<S>;
}

export const Rpc: Token<Rpc, 'Rpc'> = token('Rpc');

/** The daemon's address: the path of its socket, absolute. */
export interface Address {
  readonly path: string;
}

export const Address: Token<Address, 'Address'> = token('Address');

/** What every call of a client passes through, the outermost first. */
export const Interceptors: Contributions<RpcInterceptor> = contributions('Interceptors');
