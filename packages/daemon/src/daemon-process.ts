import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CtrdError, toCtrdError } from '@ctrd/core';
import type { Layout } from './layout.js';
import type { Programs } from './programs.js';

/** A running containerd, ours or taken over. */
export interface DaemonProcess {
  readonly pid: number;
  /** Resolves when it has ended, with how. Never rejects. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts containerd. It has a session of its own, so that a Ctrl-C in the host's terminal does not
 * end it under the host, and it does not keep the host's event loop alive.
 */
export async function startProcess(layout: Layout, programs: Programs): Promise<DaemonProcess> {
  await rm(layout.socket, { force: true });
  await rm(layout.ttrpcSocket, { force: true });
  await using log = await open(layout.log, 'a', 0o600);
  const child = spawn(programs.containerd, ['--config', layout.config], {
    cwd: layout.folder,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, PATH: programs.searchPath },
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new CtrdError(`containerd cannot be started: ${toCtrdError(error).message}`, {
      code: 'failed-precondition',
      reason: 'cannot-start',
      cause: error,
    });
  }
  child.unref();
  const pid = child.pid ?? 0;
  await writeFile(layout.pidFile, `${pid} ${(await startTime(pid)) ?? ''}\n`, { mode: 0o600 });
  const ended = once(child, 'exit').then(([code, signal]) =>
    signal === null ? `exit code ${String(code)}` : `signal ${String(signal)}`,
  );
  return { pid, ended, kill: (signal) => kill(pid, signal) };
}

/** The containerd that the folder's last owner left running, if it lives. */
export async function runningProcess(layout: Layout): Promise<DaemonProcess | undefined> {
  const text = await readFile(layout.pidFile, 'utf8').catch(() => '');
  const [first = '', started = ''] = text.trim().split(' ');
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 1 || started === '') return undefined;
  if ((await startTime(pid)) !== started) return undefined;
  return { pid, ended: untilGone(pid, started), kill: (signal) => kill(pid, signal) };
}

/** Another's child cannot be waited for: its entry in /proc is looked at four times a second. */
async function untilGone(pid: number, started: string): Promise<string> {
  while ((await startTime(pid)) === started) await sleep(250, undefined, { ref: false });
  return 'an unknown way';
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** When a process started, in clock ticks since boot; `undefined` for none and for a zombie. */
async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
