import { constants } from 'node:os';

/**
 * Ends this process when its output goes nowhere: quietly when whoever reads it has gone, as a pipe in
 * a shell does, and with the reason when the disk is full.
 */
export function endWithOutput(error: NodeJS.ErrnoException): void {
  if (isReaderGone(error)) process.exit(128 + constants.signals.SIGPIPE);
  // A terminal that went away; what that means is not ours to say.
  if (error.code === 'EIO') return;
  process.stderr.write(`ctrd: the output cannot be written: ${error.message}\n`);
  process.exit(125);
}

export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE';
}
