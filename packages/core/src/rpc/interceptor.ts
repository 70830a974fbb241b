import type { Message } from '@bufbuild/protobuf';
import type { StreamCall, UnaryCall } from './call.js';

/** Wraps single RPCs, between the typed client and the transport. The first added is outermost. */
export interface RpcInterceptor {
  /** Goes on with `next(call)`, or answers or fails by itself. Default: goes on. */
  unary?(call: UnaryCall, next: (call: UnaryCall) => Promise<Message>): Promise<Message>;
  /** As {@link unary}, for calls with streams. Default: goes on. */
  stream?(
    call: StreamCall,
    next: (call: StreamCall) => AsyncIterable<Message>,
  ): AsyncIterable<Message>;
}
