import type { IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import type { Status } from '../wire/status.js';
import { statusCode } from '../wire/status-code.js';

/**
 * How a call ended, where the headers that begin or end its answer say so: in gRPC's words, or as an
 * HTTP server says it that is none of gRPC's.
 */
export function statusIn(headers: IncomingHttpHeaders): Status | undefined {
  const code = headers['grpc-status'];
  if (code === undefined) return foreignStatus(headers);
  return { code: Number(code), details: decoded(String(headers['grpc-message'] ?? '')) };
}

/** https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
function foreignStatus(headers: IncomingHttpHeaders): Status | undefined {
  // Node gives it as a number; trailers have none.
  const { ':status': status, 'content-type': type } = headers as IncomingHttpStatusHeader &
    typeof headers;
  if (status === undefined) return undefined;
  if (status === 200 && type?.startsWith('application/grpc') === true) return undefined;
  return {
    code: byHttpStatus.get(status) ?? statusCode.UNKNOWN,
    details: `the answer is not one of gRPC: HTTP status ${status}, content type ${type}`,
  };
}

const byHttpStatus: ReadonlyMap<number, number> = new Map([
  [400, statusCode.INTERNAL],
  [401, statusCode.UNAUTHENTICATED],
  [403, statusCode.PERMISSION_DENIED],
  [404, statusCode.UNIMPLEMENTED],
  [429, statusCode.UNAVAILABLE],
  [502, statusCode.UNAVAILABLE],
  [503, statusCode.UNAVAILABLE],
  [504, statusCode.UNAVAILABLE],
]);

/** Texts come as UTF-8 with what is not printable ASCII in percents. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
