import type { Message } from '@bufbuild/protobuf';
import type { StreamCall, UnaryCall } from './call.js';

/** Wraps single RPCs, between the typed client and the transport. The first added is outermost. */
export interface RpcInterceptor {
  unary?(call: UnaryCall, next: (call: UnaryCall) => Promise<Message>): Promise<Message>;
  stream?(
    call: StreamCall,
    next: (call: StreamCall) => AsyncIterable<Message>,
  ): AsyncIterable<Message>;
}
