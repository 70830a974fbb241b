import { isAbsolute } from 'node:path';
import { invalidArgument } from '../errors/index.js';

/** The kernel's limit for a socket's path, without the closing zero. */
const longestSocketPath = 107;

/**
 * The path of a daemon's socket: from `/path`, `unix:///path` or `unix:/path`. Throws
 * `invalid-argument`.
 */
export function socketPath(address: string): string {
  if (typeof address !== 'string') throw invalidArgument('address', rule, address);
  const path = address.startsWith('unix:')
    ? address.slice('unix:'.length).replace(/^\/\/\//, '/')
    : address;
  if (!isAbsolute(path) || path.includes('\0')) throw invalidArgument('address', rule, address);
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw invalidArgument('address', `have at most ${longestSocketPath} bytes`, address);
  }
  return path;
}

const rule = 'be the absolute path of a socket, or unix:// and the path';
