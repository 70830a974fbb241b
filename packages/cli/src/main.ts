import { constants } from 'node:os';
import { CommanderError } from 'commander';
import { exitCodeOf, explain } from './failure.js';
import { createProgram } from './program.js';

/** Runs one command line. Answers the exit code; a container's own for `run` and `exec`. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
    // Whoever reads our output has read enough, as in `ctrd ps | head -1`.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 128 + constants.signals.SIGPIPE;
    process.stderr.write(`ctrd: ${explain(error)}\n`);
    return exitCodeOf(error);
  }
}

/** As docker's: what went wrong is the command line, not the container. */
const usageError = 125;
