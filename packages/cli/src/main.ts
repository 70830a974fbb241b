import { CommanderError } from 'commander';
import { ownVersion } from './own-version.js';
import { createProgram } from './program.js';
import { endWithOutput } from './terminal/lost-output.js';

/** Runs one command line. Answers the exit code; a container's own for `run` and `exec`. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on('error', endWithOutput);
  // Nobody is there to be told.
  process.stderr.on('error', () => {});
  let exitCode = 0;
  const exit = (code: number) => {
    exitCode = code;
  };
  const program = createProgram(async (spec, call) => {
    const { runCommand } = await import('./connect.js');
    await runCommand(spec, { ...call, exit });
  }, ownVersion());
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
    // Loaded only now: a command line that is well costs nothing.
    const { exitCodeOf, explain, isQuiet } = await import('./failure.js');
    if (!isQuiet(error)) process.stderr.write(`ctrd: ${explain(error)}\n`);
    return exitCodeOf(error);
  }
}

/** As docker's: what went wrong is the command line, not the container. */
const usageError = 125;
