import type { DescMethod } from '@bufbuild/protobuf';
import type { CtrdError } from '../errors/index.js';
import type { CallOptions } from '../rpc/call.js';

/**
 * One call as a transport carries it: the bytes of messages out and in. All that is above it, what
 * unary calls and streams are, how they end and what their errors mean, is the same for every one.
 */
export interface WireCall {
  /** Begins the call, and asks for the first message. */
  start(listener: WireListener): void;
  /** Asks for one more message. */
  read(): void;
  /** Resolves when there is room for the next one. After the end of the call, perhaps never. */
  send(message: Uint8Array): Promise<void>;
  /** Says that nothing more will be sent. */
  halfClose(): void;
  /** Ends the call; the listener is told the end. */
  cancel(): void;
}

/** Takes what comes of a call. */
export interface WireListener {
  /** A message that was asked for. */
  message(bytes: Uint8Array): void;
  /** The end, once, after the last message. Undefined when it ended well. */
  end(failure: CtrdError | undefined): void;
}

/** Makes calls that have not begun. Throws `invalid-argument` for what cannot be a header. */
export type OpenCall = (method: DescMethod, options: CallOptions) => WireCall;
