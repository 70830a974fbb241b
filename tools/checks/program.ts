import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { repository } from './workspace.js';

/** Runs a program of `node_modules/.bin` without input; a failure's output is the problem. */
export async function problemsOf(
  program: string,
  args: readonly string[],
  { cwd = repository }: { cwd?: string } = {},
): Promise<string[]> {
  const path = program.includes('/') ? program : join(repository, 'node_modules/.bin', program);
  const child = spawn(path, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [code, out, err] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  if (code === 0) return [];
  const lines = `${out}\n${err}`.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 ? lines : [`${program} ended with ${code}`];
}
