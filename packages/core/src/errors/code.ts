/**
 * What went wrong, as a stable word. Programs decide on it; messages are for people and may change.
 *
 * The first group is gRPC's own (`grpc/status.ts` maps them), the second is what ctrd tells apart
 * on top of it.
 */
export type ErrorCode =
  | 'not-found'
  | 'already-exists'
  | 'invalid-argument'
  | 'failed-precondition'
  | 'unavailable'
  | 'unimplemented'
  | 'timeout'
  | 'aborted'
  | 'out-of-range'
  | 'permission-denied'
  | 'unauthenticated'
  | 'data-loss'
  | 'internal'
  | 'unknown'
  /** Another call holds what this one needs, such as a content reference. */
  | 'lock-failed'
  /** A limit of the client is used up, such as the streams of a connection pool. */
  | 'quota-exhausted'
  /** A message, manifest or answer is larger than its limit. */
  | 'too-large'
  /** The disk of the daemon, or of its client, is full. */
  | 'storage-full'
  /** A registry asks for fewer requests. */
  | 'rate-limited'
  /** Something ended, and nobody knows how any more. Never a made-up result. */
  | 'lost';
