import type { DescMethod } from '@bufbuild/protobuf';
import { CtrdError, type ErrorCode } from '../errors/index.js';
import { statusCode, statusName } from './status-code.js';
import { type Meaning, meaningOf } from './status-text.js';

/** How a call ended, as it came. */
export interface Status {
  readonly code: number;
  readonly details: string;
}

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
export function statusError({ code, details }: Status, method: DescMethod): CtrdError {
  const meaning: Meaning = meaningOf(code, details, method) ?? {
    code: codes.get(code) ?? 'unknown',
  };
  const name = statusName(code);
  return new CtrdError(details === '' ? name : details, {
    ...meaning,
    cause: { status: name, details },
  });
}

const codes: ReadonlyMap<number, ErrorCode> = new Map([
  [statusCode.UNKNOWN, 'unknown'],
  [statusCode.INVALID_ARGUMENT, 'invalid-argument'],
  [statusCode.DEADLINE_EXCEEDED, 'timeout'],
  [statusCode.NOT_FOUND, 'not-found'],
  [statusCode.ALREADY_EXISTS, 'already-exists'],
  [statusCode.PERMISSION_DENIED, 'permission-denied'],
  [statusCode.RESOURCE_EXHAUSTED, 'quota-exhausted'],
  [statusCode.FAILED_PRECONDITION, 'failed-precondition'],
  [statusCode.ABORTED, 'aborted'],
  [statusCode.OUT_OF_RANGE, 'out-of-range'],
  [statusCode.UNIMPLEMENTED, 'unimplemented'],
  [statusCode.INTERNAL, 'internal'],
  [statusCode.DATA_LOSS, 'data-loss'],
  [statusCode.UNAUTHENTICATED, 'unauthenticated'],
]);
