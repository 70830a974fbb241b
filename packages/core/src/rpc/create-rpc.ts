import type { Message } from '@bufbuild/protobuf';
import type { CallOptions, StreamCall, UnaryCall } from './call.js';
import { createServiceClient } from './create-service-client.js';
import type { RpcInterceptor } from './interceptor.js';
import type { Rpc, RpcScope } from './rpc.js';
import type { Transport } from './transport.js';

type Carrier = Pick<Transport, 'unary' | 'stream'>;

/** Typed clients in a namespace, over a transport, through interceptors (the first is outermost). */
export function createRpc(
  transport: Carrier,
  namespace: string,
  interceptors: readonly RpcInterceptor[],
): Rpc {
  const carrier = interceptors.reduceRight<Carrier>(intercepted, transport);
  return {
    namespace,
    client: (service, scope = {}) =>
      createServiceClient(service, scoped(carrier, { namespace, ...defined(scope) })),
  };
}

/** Adds the headers that say in which namespace and under which lease a call works. */
function scoped(carrier: Carrier, scope: RpcScope): Carrier {
  const headers: Record<string, string> = {};
  if (scope.namespace !== undefined) headers['containerd-namespace'] = scope.namespace;
  if (scope.lease !== undefined) headers['containerd-lease'] = scope.lease;
  const withHeaders = <C extends { readonly options: CallOptions }>(call: C): C => ({
    ...call,
    options: { ...call.options, headers: { ...headers, ...call.options.headers } },
  });
  return {
    unary: (call) => carrier.unary(withHeaders(call)),
    stream: (call) => carrier.stream(withHeaders(call)),
  };
}

function intercepted(next: Carrier, interceptor: RpcInterceptor): Carrier {
  return {
    unary: (call: UnaryCall): Promise<Message> =>
      interceptor.unary?.(call, (inner) => next.unary(inner)) ?? next.unary(call),
    stream: (call: StreamCall): AsyncIterable<Message> =>
      interceptor.stream?.(call, (inner) => next.stream(inner)) ?? next.stream(call),
  };
}

/** Without the keys that are undefined, so that they do not hide a default. */
function defined(scope: RpcScope): RpcScope {
  return Object.fromEntries(Object.entries(scope).filter(([, value]) => value !== undefined));
}
