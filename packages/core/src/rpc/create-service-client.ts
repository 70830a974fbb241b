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
import { CtrdError } from '../errors/index.js';
import type { CallOptions } from './call.js';
import type { ServiceClient } from './service-client.js';
import type { Transport } from './transport.js';

type Carrier = Pick<Transport, 'unary' | 'stream'>;
type Init = MessageInitShape<DescMessage>;

/** The functions of a service, by its descriptor, over anything that carries calls. */
export function createServiceClient<S extends DescService>(
  service: S,
  transport: Carrier,
): ServiceClient<S> {
  const methods = Object.entries(service.method as Record<string, DescMethod>).map(
    ([name, method]) => [name, methodOf(method, transport)] as const,
  );
  return Object.freeze(Object.fromEntries(methods)) as ServiceClient<S>;
}

function methodOf(described: DescMethod, transport: Carrier) {
  const method = described as DescMethodUnary | DescMethodStreaming;
  switch (method.methodKind) {
    case 'unary':
      return async (request: Init, options: CallOptions = {}) =>
        await transport.unary({ method, request: create(method.input, request), options });
    case 'server_streaming':
      return (request: Init, options: CallOptions = {}) =>
        transport.stream({ method, requests: only(create(method.input, request)), options });
    case 'client_streaming':
      return (requests: AsyncIterable<Init>, options: CallOptions = {}) =>
        answerOf(transport.stream({ method, requests: messages(method, requests), options }));
    case 'bidi_streaming':
      return (requests: AsyncIterable<Init>, options: CallOptions = {}) =>
        transport.stream({ method, requests: messages(method, requests), options });
  }
}

async function* only(message: Message): AsyncGenerator<Message> {
  yield message;
}

/** Makes the messages as they are asked for. Not a generator: giving it back must reach the source. */
function messages(
  { input }: DescMethodStreaming,
  requests: AsyncIterable<Init>,
): AsyncIterable<Message> {
  return {
    [Symbol.asyncIterator]() {
      const source = requests[Symbol.asyncIterator]();
      return {
        async next() {
          const { done, value } = await source.next();
          return done === true
            ? { done, value: undefined }
            : { done: false, value: create(input, value) };
        },
        async return() {
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** The one answer to a stream of requests, once the call has ended well. */
async function answerOf(answers: AsyncIterable<Message>): Promise<Message> {
  let answer: Message | undefined;
  for await (const message of answers) answer = message;
  if (answer !== undefined) return answer;
  throw new CtrdError('the call ended well, but without an answer', { code: 'internal' });
}
