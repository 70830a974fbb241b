import { CtrdError, type ErrorCode, toCtrdError } from '@ctrd/core';

/** What an answer that is no success becomes. `detail` is the registry's own word, if it had one. */
export function statusError(status: number, subject: string, detail: string): CtrdError {
  const { code, reason } = meaningOf(status);
  const words = detail === '' ? '' : `: ${detail}`;
  return new CtrdError(`the registry answered ${status}${words}`, { code, reason, subject });
}

function meaningOf(status: number): { code: ErrorCode; reason?: string } {
  switch (status) {
    case 401:
      return { code: 'unauthenticated' };
    case 403:
      return { code: 'permission-denied' };
    case 404:
      return { code: 'not-found' };
    case 416:
      return { code: 'out-of-range' };
    case 429:
      return { code: 'rate-limited' };
    default:
      return status >= 500 ? { code: 'unavailable', reason: 'server' } : { code: 'unknown' };
  }
}

/** What an error of Node's sockets becomes. */
export function networkError(error: unknown, subject: string): CtrdError {
  if (error instanceof CtrdError) return error;
  const { name, code = '', message = '' } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return toCtrdError(error);
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new CtrdError('the headers of the answer are too large', {
      ...{ code: 'too-large', subject, cause: error },
    });
  }
  return new CtrdError(message === '' ? code : message, {
    ...{ code: 'unavailable', reason: reasonOf(code), subject, cause: error },
  });
}

function reasonOf(code: string): string {
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unknown-host';
  if (/^(?:ERR_TLS|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO)/.test(code)) return 'tls';
  if (code === 'ECONNRESET' || code === 'EPIPE' || code.startsWith('HPE_')) return 'dropped';
  return 'unreachable';
}

/** The registry's own words for a failure, short and without control characters. */
export function errorDetail(body: Uint8Array): string {
  const text = Buffer.from(body).toString('utf8');
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const [first] = Array.isArray(errors) ? errors : [];
    if (first !== undefined) return printable(`${first.code ?? ''} ${first.message ?? ''}`.trim());
  } catch {
    // Not JSON: a page of some proxy.
  }
  return '';
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
}
