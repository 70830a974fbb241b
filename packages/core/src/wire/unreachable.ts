import { CtrdError } from '../errors/index.js';

/** What an error of connecting to a socket becomes. */
export function unreachable(error: NodeJS.ErrnoException, path: string): CtrdError {
  const reason = connectReason(error.code);
  return new CtrdError(error.message, {
    code: 'unavailable',
    reason,
    subject: path,
    cause: error,
  });
}

/** The reason that an error of connecting stands for. */
export function connectReason(code: string | undefined): 'missing' | 'forbidden' | 'refused' {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'missing';
    case 'EACCES':
    case 'EPERM':
      return 'forbidden';
    default:
      return 'refused';
  }
}

export function notGrpc(path: string): CtrdError {
  return new CtrdError('something listens on the socket, but does not answer as gRPC does', {
    code: 'unavailable',
    reason: 'dropped',
    subject: path,
  });
}
