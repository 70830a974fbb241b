import type { DescService, Message } from '@bufbuild/protobuf';
import type { CallOptions, StreamCall, UnaryCall } from './call.js';
import { createServiceClient } from './create-service-client.js';
import type { RpcInterceptor } from './interceptor.js';
import type { Rpc, RpcScope } from './rpc.js';
import type { ServiceClient } from './service-client.js';
import type { Transport } from './transport.js';

type Carrier = Pick<Transport, 'unary' | 'stream'>;

/** Typed clients in a namespace, over a transport, through interceptors (the first is outermost). */
export function createRpc(
  transport: Carrier,
  namespace: string,
  interceptors: readonly RpcInterceptor[],
): Rpc {
  const carrier = interceptors.reduceRight<Carrier>(intercepted, transport);
  const unscoped = new Map<DescService, unknown>();
  const make = <S extends DescService>(service: S, scope: RpcScope) =>
    createServiceClient(
      service,
      scoped(carrier, { ...scope, namespace: scope.namespace ?? namespace }),
    );
  return {
    namespace,
    client<S extends DescService>(service: S, scope?: RpcScope): ServiceClient<S> {
      if (scope !== undefined) return make(service, scope);
      const known = unscoped.get(service) ?? make(service, {});
      unscoped.set(service, known);
      return known as ServiceClient<S>;
    },
  };
}

/** Adds the headers that say in which namespace and under which lease a call works. */
function scoped(carrier: Carrier, { namespace, lease }: RpcScope): Carrier {
  const headers: Record<string, string> = {};
  if (namespace !== undefined) headers['containerd-namespace'] = namespace;
  if (lease !== undefined) headers['containerd-lease'] = lease;
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
