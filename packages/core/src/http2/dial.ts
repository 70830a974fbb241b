import { connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import type { CtrdError } from '../errors/index.js';
import { notGrpc, unreachable } from '../wire/unreachable.js';
import { createSession, type Session } from './session.js';

/** Two and a half times the default's speed for content; more brings nothing. */
const windowBytes = 1 << 20;

/** An attempt to reach a daemon. Disposing ends it, and nothing is told then. */
export interface Attempt extends Disposable {
  /** Whether it keeps the process alive. */
  holds(process: boolean): void;
}

/**
 * Makes one attempt. The daemon is reached when it has said what it can do: what listens may be
 * something else.
 */
export function dial(
  path: string,
  reached: (session: Session) => void,
  failed: (error: CtrdError) => void,
): Attempt {
  let over = false;
  let cause: Error | undefined;
  const socket = connectSocket(path);
  const session = connect('http://localhost', {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: windowBytes },
    // The limit would end calls that have much to say, as lists do.
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
  });
  session.on('error', (error) => {
    cause ??= error;
  });
  session.once('connect', () => session.setLocalWindowSize(windowBytes));
  session.once('remoteSettings', () => {
    if (over) return;
    over = true;
    reached(createSession(session));
  });
  session.once('close', () => {
    if (over) return;
    over = true;
    failed(isRefusal(cause) ? unreachable(cause, path) : notGrpc(path));
  });
  return {
    holds: (process) => void (process ? socket.ref() : socket.unref()),
    [Symbol.dispose]() {
      over = true;
      session.destroy();
    },
  };
}

function isRefusal(error: Error | undefined): error is NodeJS.ErrnoException {
  return error !== undefined && 'syscall' in error && error.syscall === 'connect';
}
