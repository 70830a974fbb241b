import type { DescMethod } from '@bufbuild/protobuf';
import { type StatusObject, status } from '@grpc/grpc-js';
import { CtrdError, type ErrorCode } from '../errors/index.js';
import { type Meaning, meaningOf } from './status-text.js';

/**
 * What a gRPC status becomes. The message is the daemon's own; `cause` is the status as it came.
 *
 * `unavailable` always has a reason:
 * - the daemon cannot be reached: `missing` (no socket), `refused` (nobody listens), `forbidden`
 *   (this user may not), `closed` (this connection was closed);
 * - `dropped`: the call was cut off, and what it did is unknown;
 * - `shim`: the daemon answers, but what runs the container has gone;
 * - `daemon`: the daemon answers that it cannot serve the call now.
 */
export function statusError({ code, details }: StatusObject, method: DescMethod): CtrdError {
  const meaning: Meaning = meaningOf(code, details, method) ?? {
    code: codes.get(code) ?? 'unknown',
  };
  const name = status[code] ?? String(code);
  return new CtrdError(details === '' ? name : details, {
    ...meaning,
    cause: { status: name, details },
  });
}

const codes: ReadonlyMap<number, ErrorCode> = new Map([
  [status.UNKNOWN, 'unknown'],
  [status.INVALID_ARGUMENT, 'invalid-argument'],
  [status.DEADLINE_EXCEEDED, 'timeout'],
  [status.NOT_FOUND, 'not-found'],
  [status.ALREADY_EXISTS, 'already-exists'],
  [status.PERMISSION_DENIED, 'permission-denied'],
  [status.RESOURCE_EXHAUSTED, 'quota-exhausted'],
  [status.FAILED_PRECONDITION, 'failed-precondition'],
  [status.ABORTED, 'aborted'],
  [status.OUT_OF_RANGE, 'out-of-range'],
  [status.UNIMPLEMENTED, 'unimplemented'],
  [status.INTERNAL, 'internal'],
  [status.DATA_LOSS, 'data-loss'],
  [status.UNAUTHENTICATED, 'unauthenticated'],
]);
