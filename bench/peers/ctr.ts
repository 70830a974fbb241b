import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Setting } from '../harness/bench.js';
import { type Runs, repeat } from '../harness/runs.js';

/** Runs containerd's own command line so often, a process each time. */
export async function repeatCtr(
  setting: Setting,
  args: () => readonly string[],
  size: { readonly count: number; readonly concurrency: number },
): Promise<Runs> {
  const { runs, allMs } = await repeat(() => ctr(setting, args()), size);
  // The CPU time that was measured is of this process.
  return { runs, allMs };
}

/** To its end, without a shell and without reading what it prints. */
async function ctr({ daemon, namespace }: Setting, args: readonly string[]): Promise<void> {
  const child = spawn(
    daemon.ctrPath,
    ['--address', daemon.address, '--namespace', namespace, ...args],
    { env: { PATH: daemon.path }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`ctr ${args.join(' ')} ended with ${code}`);
}
