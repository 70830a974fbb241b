import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CtrdError, toCtrdError } from '@ctrd/core';
import { startTime } from './identity.js';
import type { Layout } from './layout.js';
import type { Programs } from './programs.js';

/** A running containerd, ours or taken over. */
export interface DaemonProcess {
  readonly pid: number;
  /** Resolves when it has ended, with how. Never rejects. */
  readonly ended: Promise<string>;
  /** Does nothing when it has ended. */
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
    // NOTIFY_SOCKET is the host's: through it, containerd would report for the host's service.
    env: { ...process.env, PATH: programs.searchPath, NOTIFY_SOCKET: undefined },
  });
  // From the first moment on: one that ends at once must not be missed.
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
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
  try {
    const text = `${pid} ${(await startTime(pid)) ?? ''}\n`;
    await writeFile(layout.pidFile, text, { mode: 0o600 });
  } catch (error) {
    // Without the file nobody would find it again.
    child.kill('SIGKILL');
    throw error;
  }
  // Unlike `process.kill`, this does nothing once it has ended and its id may be another's.
  return { pid, ended, kill: (signal) => void child.kill(signal) };
}

/** The containerd that the folder's last owner left running, if it lives. */
export async function runningProcess(layout: Layout): Promise<DaemonProcess | undefined> {
  const text = await readFile(layout.pidFile, 'utf8').catch(() => '');
  const [first = '', started = ''] = text.trim().split(' ');
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 1 || started === '') return undefined;
  if ((await startTime(pid)) !== started) return undefined;
  let over = false;
  const ended = untilGone(pid, started).finally(() => {
    over = true;
  });
  return { pid, ended, kill: (signal) => (over ? undefined : kill(pid, signal)) };
}

/** Ends a daemon: SIGTERM, and SIGKILL when it does not end in time. Keeps the host alive meanwhile. */
export async function endProcess(running: DaemonProcess, timeoutMs: number): Promise<void> {
  running.kill('SIGTERM');
  const kill = setTimeout(() => running.kill('SIGKILL'), timeoutMs);
  const awake = setInterval(() => {}, 1000);
  await running.ended;
  clearTimeout(kill);
  clearInterval(awake);
}

/** Forgets a process that has ended, unless another host has started the next already. */
export async function forgetProcess({ pidFile }: Layout, { pid }: DaemonProcess): Promise<void> {
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  if (text.startsWith(`${pid} `)) await rm(pidFile, { force: true });
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
