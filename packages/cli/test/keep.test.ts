import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startKeeper } from '../src/keep.js';

it('a keeper that cannot be started is told of, and ends nobody', async () => {
  const before = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const limit = (to: unknown) => `prlimit --pid ${process.pid} --nofile=${to}:`;
  const restoring = spawn('sh', ['-c', `read _; ${limit(before)}`]);
  execFileSync('sh', ['-c', limit(3)]);
  try {
    const where = { address: '/nowhere.sock', namespace: 'ci', runtimeDir: undefined };
    expect(() => startKeeper('web', where)).toThrow(
      expect.objectContaining({ code: 'aborted', reason: 'keeper', subject: 'web' }),
    );
    // What the system says comes as an event, a moment later.
    await new Promise(setImmediate);
  } finally {
    restoring.stdin.end('\n');
    await once(restoring, 'close');
  }
});
