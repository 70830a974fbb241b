import type { DescMethod } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import { CtrdError, type ErrorCode } from '../errors/index.js';

/**
 * What a gRPC status becomes: the one place where the transport's and the daemon's words are read,
 * since some of what they mean is in no code. Tests against real daemons hold every text.
 */
export function statusError(error: ServiceError, method: DescMethod): CtrdError {
  const { code, reason } = classify(error, method);
  return new CtrdError(error.details || error.message, { code, reason, cause: error });
}

interface Meaning {
  readonly code: ErrorCode;
  readonly reason?: string | undefined;
}

const codes: ReadonlyMap<number, ErrorCode> = new Map([
  [status.CANCELLED, 'aborted'],
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
  [status.UNAVAILABLE, 'unavailable'],
  [status.DATA_LOSS, 'data-loss'],
  [status.UNAUTHENTICATED, 'unauthenticated'],
]);

function classify({ code, details }: ServiceError, method: DescMethod): Meaning {
  switch (code) {
    case status.UNAVAILABLE:
      // A content reference that another stream writes to is "unavailable" as well.
      if (
        method.parent.typeName === 'containerd.services.content.v1.Content' &&
        /\blocked\b/.test(details)
      ) {
        return { code: 'lock-failed' };
      }
      return { code: 'unavailable', reason: unavailableReason(details) };
    case status.RESOURCE_EXHAUSTED:
      if (/message larger than max/.test(details)) return { code: 'too-large' };
      // The peer closed the connection for too many pings or streams.
      if (/Bandwidth exhausted/.test(details)) return { code: 'unavailable', reason: 'dropped' };
      break;
    case status.INTERNAL:
      // grpc-js says so of a call whose connection went away before its status came.
      if (/^Received RST_STREAM with code/.test(details)) {
        return { code: 'unavailable', reason: 'dropped' };
      }
      break;
    case status.UNKNOWN:
      return unknownMeaning(details);
  }
  return { code: codes.get(code) ?? 'unknown' };
}

/** containerd and its shims put much into UNKNOWN. */
function unknownMeaning(details: string): Meaning {
  if (/no space left on device/.test(details)) return { code: 'storage-full' };
  // The shim went away under the call; how the process ended is another question.
  if (/ttrpc: closed/.test(details)) return { code: 'unavailable', reason: 'shim' };
  // "cannot start a running process", "cannot exec in a stopped state", …
  if (/cannot \w+(?: in)? an? \w+ (?:process|state|task|container)/.test(details)) {
    return { code: 'failed-precondition', reason: 'state' };
  }
  return { code: 'unknown' };
}

/** Why the daemon could not be reached, from the words of the system's error. */
function unavailableReason(details: string): string {
  if (details.includes('ENOENT')) return 'missing';
  if (/EACCES|EPERM/.test(details)) return 'forbidden';
  if (/ECONNREFUSED/.test(details)) return 'refused';
  if (/dropped|ECONNRESET|EPIPE|GOAWAY|goaway|closed/.test(details)) return 'dropped';
  return 'unreachable';
}
