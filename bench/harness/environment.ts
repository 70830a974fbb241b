import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
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
  return `Medians of ${rounds} interleaved rounds on ${parts.join(', ')}.`;
}
