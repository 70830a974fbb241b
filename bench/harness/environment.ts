import { execFile } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { promisify } from 'node:util';
import type { Setting } from './bench.js';

/** What the numbers were measured on, without naming the machine. */
export async function environment({ daemon, go, rounds }: Setting): Promise<string> {
  const { stdout } = await promisify(execFile)('runc', ['--version']);
  const runc = /runc version (\S+?)(\+|\s)/.exec(stdout)?.[1] ?? 'unknown';
  const parts = [
    `${availableParallelism()} cores (${process.arch})`,
    `Node.js ${process.versions.node}`,
    `containerd ${daemon.version}`,
    `runc ${runc}`,
    go === undefined ? 'without Go' : `Go ${go.version} with Debian bookworm's containerd client`,
  ];
  const [load = 0] = loadavg();
  return `Medians of ${rounds} interleaved rounds on ${parts.join(', ')}. The machine's load was
${load.toFixed(1)} at the begin: above the number of cores, times are longer than they need be, and the
client's CPU time says more.`;
}
