import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  type DescService,
  type Message,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import type { CallOptions } from './call.js';
import type { ServiceClient } from './service-client.js';
import type { Transport } from './transport.js';

type Init = MessageInitShape<DescMessage>;

/** The functions of a service, by its descriptor, over anything that carries calls. */
export function createServiceClient<S extends DescService>(
  service: S,
  transport: Pick<Transport, 'unary' | 'stream'>,
): ServiceClient<S> {
  const methods = Object.entries(service.method as Record<string, DescMethod>).map(
    ([name, method]) => [name, methodOf(method, transport)] as const,
  );
  return Object.freeze(Object.fromEntries(methods)) as ServiceClient<S>;
}

function methodOf(method: DescMethod, transport: Pick<Transport, 'unary' | 'stream'>) {
  switch (method.methodKind) {
    case 'unary':
      return (request: Init, options: CallOptions = {}) =>
        transport.unary({
          method: method as DescMethodUnary,
          request: create(method.input, request),
          options,
        });
    case 'server_streaming':
      return (request: Init, options: CallOptions = {}) =>
        transport.stream({ method: streaming(method), requests: only(method, request), options });
    case 'client_streaming':
      return (requests: AsyncIterable<Init>, options: CallOptions = {}) =>
        first(
          transport.stream({
            method: streaming(method),
            requests: each(method, requests),
            options,
          }),
          method,
        );
    default:
      return (requests: AsyncIterable<Init>, options: CallOptions = {}) =>
        transport.stream({ method: streaming(method), requests: each(method, requests), options });
  }
}

const streaming = (method: DescMethod) => method as DescMethodStreaming;

async function* only(method: DescMethod, request: Init): AsyncGenerator<Message> {
  yield create(method.input, request);
}

async function* each(method: DescMethod, requests: AsyncIterable<Init>): AsyncGenerator<Message> {
  for await (const request of requests) yield create(method.input, request);
}

async function first(answers: AsyncIterable<Message>, method: DescMethod): Promise<Message> {
  for await (const answer of answers) return answer;
  return create(method.output);
}
