import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { TestDaemon } from './daemon.js';

/** A program with a client of containers, in a process of its own that may be killed. */
export interface ClientProgram extends AsyncDisposable {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** Kills it as it is, and waits until it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts a program.
 *
 * @param body - TypeScript after `client`, a client of containers, and `args` are there.
 * @param options.args - JSON values for `args`.
 */
export function clientProgram(
  { address, runtimeDir }: TestDaemon,
  namespace: string,
  { body, args }: { body: string; args: unknown },
): ClientProgram {
  const program = `
    import { containers } from '@ctrd/containers';
    import { ctrd } from '@ctrd/core';
    const { args, ...options } = JSON.parse(process.argv.at(-1));
    const client = await ctrd(options).use(containers()).connect();
    ${body}
  `;
  const options = JSON.stringify({ address, runtimeDir, namespace, args });
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=@ctrd/source', '--import', 'tsx', '--input-type=module'],
      ...['--eval', program, '--', options],
    ],
    { cwd: join(import.meta.dirname, '../..'), stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const closed = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await closed;
  };
  return { process: child, kill, [Symbol.asyncDispose]: kill };
}
