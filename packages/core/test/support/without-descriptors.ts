import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Does something while this process can open nothing more. */
export async function withoutDescriptors(use: () => unknown): Promise<void> {
  const before = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const limit = (to: unknown) => `prlimit --pid ${process.pid} --nofile=${to}:`;
  // Nothing can be started once there are none.
  const restoring = spawn('sh', ['-c', `read _; ${limit(before)}`]);
  execFileSync('sh', ['-c', limit(3)]);
  try {
    await use();
    // What the system says of a program that cannot be started comes as an event, a moment later.
    await new Promise(setImmediate);
  } finally {
    restoring.stdin.end('\n');
    await once(restoring, 'close');
  }
}
