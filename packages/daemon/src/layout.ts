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
  /** Which process a temporary daemon belongs to. */
  readonly owner: string;
  /** containerd's `root`: what lasts. */
  readonly data: string;
  /** containerd's `state`: what lasts until the machine restarts. */
  readonly state: string;
}

/** The kernel's limit for a socket's path, without the closing zero. */
const longestSocketPath = 107;

/** The names of temporary folders. */
export const temporaryName = /^ctrd-[0-9a-f]{12}$/;

/** Decides the paths; makes nothing. */
export function layoutOf(root: string | undefined): Layout {
  const folder = root ?? join(tmpdir(), `ctrd-${randomBytes(6).toString('hex')}`);
  const layout = layoutIn(folder, root === undefined);
  if (Buffer.byteLength(layout.ttrpcSocket) > longestSocketPath) {
    throw invalidArgument('root', 'be short enough for a socket in it (about 85 bytes)', folder);
  }
  return layout;
}

/** The paths of a daemon in a folder. */
export function layoutIn(folder: string, temporary: boolean): Layout {
  return {
    folder,
    temporary,
    socket: join(folder, 'containerd.sock'),
    ttrpcSocket: join(folder, 'containerd.sock.ttrpc'),
    config: join(folder, 'containerd.toml'),
    log: join(folder, 'containerd.log'),
    pidFile: join(folder, 'containerd.pid'),
    owner: join(folder, 'owner'),
    data: join(folder, 'data'),
    state: join(folder, 'state'),
  };
}
