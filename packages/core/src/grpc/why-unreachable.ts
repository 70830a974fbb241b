import { connect } from 'node:net';
import type { CtrdError } from '../errors/index.js';
import { unreachable } from '../wire/unreachable.js';

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
    socket.on('error', (error) => resolve(unreachable(error, path)));
  });
}
