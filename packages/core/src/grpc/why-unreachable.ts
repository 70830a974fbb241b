import { connect } from 'node:net';
import { CtrdError } from '../errors/index.js';

/**
 * Why a socket cannot be reached, by trying it: gRPC tells that an attempt failed, but not with
 * which error. Undefined when the socket can be reached.
 */
export function whyUnreachable(path: string): Promise<CtrdError | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const reason = connectReason(error.code);
      resolve(
        new CtrdError(error.message, { code: 'unavailable', reason, subject: path, cause: error }),
      );
    });
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
