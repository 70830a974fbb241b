import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invalidArgument } from '@ctrd/core';

/** Where a private daemon keeps what. */
export interface Layout {
  readonly folder: string;
  /** Whether the folder goes when the daemon does. */
  readonly temporary: boolean;
  readonly socket: string;
  readonly ttrpcSocket: string;
  readonly config: string;
  readonly log: string;
  readonly pidFile: string;
  /** containerd's `root`: what lasts. */
  readonly data: string;
  /** containerd's `state`: what lasts until the machine restarts. */
  readonly state: string;
}

/** The kernel's limit for a socket's path, without the closing zero. */
const longestSocketPath = 107;

/** Decides the paths; makes nothing. */
export function layoutOf(root: string | undefined): Layout {
  const folder = root ?? join(tmpdir(), `ctrd-${randomBytes(6).toString('hex')}`);
  const ttrpcSocket = join(folder, 'containerd.sock.ttrpc');
  if (Buffer.byteLength(ttrpcSocket) > longestSocketPath) {
    throw invalidArgument('root', 'be short enough for a socket in it (about 85 bytes)', folder);
  }
  return {
    folder,
    temporary: root === undefined,
    socket: join(folder, 'containerd.sock'),
    ttrpcSocket,
    config: join(folder, 'containerd.toml'),
    log: join(folder, 'containerd.log'),
    pidFile: join(folder, 'containerd.pid'),
    data: join(folder, 'data'),
    state: join(folder, 'state'),
  };
}
