import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  type handleBidiStreamingCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type StatusObject,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** What a handler learns of its call besides the requests. */
export interface ServedCall {
  readonly headers: Readonly<Record<string, string>>;
  /** Ends when the caller cancels, or goes away. */
  readonly signal: AbortSignal;
}

type Answer<T> = T | Promise<T>;

/** The methods of a service that a test needs; the others answer UNIMPLEMENTED. */
export type Implementation<S extends DescService> = {
  readonly [K in keyof S['method']]?: Handler<S['method'][K]>;
};

type Handler<M> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, call: ServedCall) => Answer<MessageInitShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, call: ServedCall) => AsyncIterable<MessageInitShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (
            requests: AsyncIterable<MessageShape<I>>,
            call: ServedCall,
          ) => Answer<MessageInitShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (
              requests: AsyncIterable<MessageShape<I>>,
              call: ServedCall,
            ) => AsyncIterable<MessageInitShape<O>>
          : never;

/** A service with its implementation, as {@link serve} takes it. */
export interface Route {
  readonly service: DescService;
  readonly implementation: Readonly<Record<string, unknown>>;
}

export function route<S extends DescService>(service: S, implementation: Implementation<S>): Route {
  return { service, implementation };
}

/** What a handler throws to end its call with a status. */
export function failure(code: status, details: string): Error {
  return Object.assign(new Error(details), { code, details });
}

/** A real gRPC server on a unix socket. Stopping it cuts off its calls, as a killed daemon does. */
export interface Served extends AsyncDisposable {
  stop(): Promise<void>;
}

export async function serve(path: string, routes: readonly Route[]): Promise<Served> {
  const server = new Server({
    'grpc.max_receive_message_length': 16 << 20,
    'grpc.max_send_message_length': 64 << 20,
  });
  for (const { service, implementation } of routes) {
    const definition: Record<string, MethodDefinition<unknown, unknown>> = {};
    const handlers: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(service.method as Record<string, DescMethod>)) {
      const handler = implementation[name];
      if (handler === undefined) continue;
      definition[name] = definitionOf(method);
      handlers[name] = handlerOf(method, handler as AnyHandler);
    }
    server.addService(definition, handlers);
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  const stop = async () => server.forceShutdown();
  return { stop, [Symbol.asyncDispose]: stop };
}

/** Every kind is served as two streams, which is what it is on the wire. */
function definitionOf(method: DescMethod): MethodDefinition<unknown, unknown> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) =>
      Buffer.from(toBinary(method.output, message as MessageShape<DescMessage>)),
    responseDeserialize: (bytes) => bytes,
  };
}

type AnyHandler = (input: unknown, call: ServedCall) => unknown;

function handlerOf(
  method: DescMethod,
  handler: AnyHandler,
): handleBidiStreamingCall<unknown, unknown> {
  const { methodKind } = method;
  const takesMany = methodKind === 'client_streaming' || methodKind === 'bidi_streaming';
  const givesMany = methodKind === 'server_streaming' || methodKind === 'bidi_streaming';
  return (stream) => {
    const cancelled = new AbortController();
    stream.on('cancelled', () => cancelled.abort());
    stream.on('error', () => {});
    const call: ServedCall = {
      headers: Object.fromEntries(
        Object.entries(stream.metadata.getMap()).map(([name, value]) => [name, String(value)]),
      ),
      signal: cancelled.signal,
    };
    const run = async () => {
      const input = takesMany ? requestsOf(stream) : await only(stream);
      const answers = givesMany
        ? (handler(input, call) as AsyncIterable<MessageInitShape<DescMessage>>)
        : one(handler(input, call) as Answer<MessageInitShape<DescMessage>>);
      for await (const answer of answers) {
        if (cancelled.signal.aborted) return;
        if (!stream.write(create(method.output, answer))) await drained(stream, cancelled.signal);
      }
      stream.end();
    };
    run().catch((error: Partial<StatusObject>) => {
      const { code = status.INTERNAL, details = String(error) } = error;
      stream.emit('error', Object.assign(new Error(details), { code, details }));
    });
  };
}

function requestsOf(stream: ServerDuplexStream<unknown, unknown>): AsyncIterable<unknown> {
  return stream.iterator({ destroyOnReturn: false });
}

async function only(stream: ServerDuplexStream<unknown, unknown>): Promise<unknown> {
  for await (const request of requestsOf(stream)) return request;
  throw failure(status.INTERNAL, 'there was no request');
}

async function* one<T>(value: Answer<T>): AsyncIterable<T> {
  yield await value;
}

function drained(
  stream: ServerDuplexStream<unknown, unknown>,
  cancelled: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    cancelled.addEventListener('abort', () => resolve(), { once: true });
  });
}
