import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Setting } from '../harness/bench.js';

/** Runs containerd's own command line to its end, without a shell and without reading what it prints. */
export async function ctr({ daemon, namespace }: Setting, ...args: string[]): Promise<void> {
  const child = spawn(
    daemon.ctrPath,
    ['--address', daemon.address, '--namespace', namespace, ...args],
    { env: { PATH: daemon.path }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`ctr ${args.join(' ')} ended with ${code}`);
}
