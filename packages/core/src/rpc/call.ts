import type { DescMethodStreaming, DescMethodUnary, Message } from '@bufbuild/protobuf';

/**
 * What a call does to its connection, so that a pool can keep the kinds apart: `control` is short
 * and unary, `bulk` moves content, `stream` is held open for long (waits, events).
 */
export type CallRole = 'control' | 'bulk' | 'stream';

/** What every RPC takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails with `timeout`. 0 means now. Default: none. */
  readonly timeoutMs?: number | undefined;
  /**
   * Further headers: names in lower case, values in printable ASCII. Names that HTTP/2 and gRPC keep
   * for themselves (`te`, `connection`, `grpc-…`, `…-bin`, …) are an `invalid-argument`.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default: `control`. */
  readonly role?: CallRole | undefined;
  /** Calls of one key may be kept on one connection: a container's id. */
  readonly affinity?: string | undefined;
  /**
   * While the daemon cannot be reached: `true` waits for it (until the call's end of time), `false`
   * fails with `unavailable`. Default: the transport's.
   */
  readonly waitForReady?: boolean | undefined;
}

/** A call with one request and one answer. */
export interface UnaryCall {
  readonly method: DescMethodUnary;
  readonly request: Message;
  readonly options: CallOptions;
}

/** A call with a stream of requests, of answers, or of both. */
export interface StreamCall {
  readonly method: DescMethodStreaming;
  readonly requests: AsyncIterable<Message>;
  readonly options: CallOptions;
}
