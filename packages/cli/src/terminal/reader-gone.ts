import { constants } from 'node:os';

/** Whoever reads our output has gone: as with a pipe in a shell, so does whoever writes it. */
export function endWithReader(error: Error): void {
  if (isReaderGone(error)) process.exit(128 + constants.signals.SIGPIPE);
}

/** A terminal that went away says EIO; what that means is not ours to say. */
export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE';
}
