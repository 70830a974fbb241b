import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Runs, repeat } from '../harness/runs.js';

/** Runs skopeo so often, a process each time. */
export async function repeatSkopeo(
  args: readonly string[],
  size: { readonly count: number; readonly concurrency: number },
): Promise<Runs> {
  const { runs, allMs } = await repeat(async () => {
    const child = spawn('skopeo', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`skopeo ${args.join(' ')} ended with ${code}`);
  }, size);
  // The CPU time that was measured is of this process.
  return { runs, allMs };
}
