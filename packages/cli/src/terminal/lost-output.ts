import { constants } from 'node:os';

/**
 * Ends this process, which holds nothing, when its output goes nowhere: quietly when whoever reads it
 * has gone, as a pipe in a shell does, and with the reason when the disk is full.
 */
export function endWithOutput(error: NodeJS.ErrnoException): void {
  if (isReaderGone(error)) process.exit(readerGoneCode);
  // A terminal that went away; what that means is not ours to say.
  if (error.code === 'EIO') return;
  process.stderr.write(`ctrd: ${unwritten(error)}\n`);
  process.exit(125);
}

export const unwritten = ({ message }: Error): string => `the output cannot be written: ${message}`;

export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE';
}

/** The reason of a command's end when nobody reads its output any more, and its exit code. */
export const readerGone = 'reader-gone';
export const readerGoneCode = 128 + constants.signals.SIGPIPE;
