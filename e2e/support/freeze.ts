import { readdir, readFile } from 'node:fs/promises';
import { waitFor } from './wait-for.js';

/**
 * Stops a process without ending it, and resolves when every thread of it stands still: until then,
 * one of them may still answer.
 */
export async function freeze(pid: number): Promise<void> {
  // To a signal, 0 is everybody here.
  if (pid <= 0) throw new Error('there is no process to stop');
  process.kill(pid, 'SIGSTOP');
  await waitFor(() => isStopped(pid), { what: `process ${pid} stands still` });
}

async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => '')),
  );
  return states.every((status) => /^State:\s+T/m.test(status));
}
