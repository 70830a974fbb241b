import { isAbsolute } from 'node:path';
import { invalidArgument } from '../errors/index.js';

/** The kernel's limit for a socket's path, without the closing zero. */
const longestSocketPath = 107;

const rule = 'be the absolute path of a socket, or unix:// and the path';

/**
 * The path of a daemon's socket: from `/path`, `unix:///path` or `unix:/path`. Throws
 * `invalid-argument`.
 */
export function socketPath(address: string): string {
  const path = typeof address === 'string' ? address.replace(/^unix:(?:\/\/(?=\/))?/, '') : '';
  if (!isAbsolute(path) || path.startsWith('//') || path.includes('\0')) {
    throw invalidArgument('address', rule, address);
  }
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw invalidArgument('address', `have at most ${longestSocketPath} bytes`, address);
  }
  return path;
}
