import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Layout } from './layout.js';

const run = promisify(execFile);

/** How long shims that were killed may take to go. */
const shimTimeoutMs = 10_000;

/**
 * Ends what a temporary daemon that is down has left running: it is the last resort, for a daemon
 * that does not answer any more. Containers of other runtimes than runc go with their shims only.
 */
export async function reapTasks({ state, socket }: Layout, searchPath: string): Promise<void> {
  const bundles = join(state, 'io.containerd.runtime.v2.task');
  for (const namespace of await names(bundles)) {
    for (const id of await names(join(bundles, namespace))) {
      const root = join('/run/containerd/runc', namespace);
      // What is half gone already makes runc fail; the shim is killed all the same.
      await run('runc', ['--root', root, 'delete', '--force', id], {
        env: { ...process.env, PATH: searchPath },
      }).catch(() => {});
      await killShims(socket);
      await rm(shimSocket(join(socket, namespace, id)), { force: true });
    }
  }
  await killShims(socket);
}

/** By containerd's rule: `SocketAddress` of its `pkg/shim`. */
function shimSocket(path: string): string {
  return join('/run/containerd/s', createHash('sha256').update(path).digest('hex'));
}

async function killShims(address: string): Promise<void> {
  const end = performance.now() + shimTimeoutMs;
  for (;;) {
    const left = await shimsOf(address);
    if (left.length === 0) return;
    if (performance.now() > end) throw new Error(`shims do not end: ${left.join(', ')}`);
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(20);
  }
}

/** The shims that report to a daemon, as their command lines tell. A zombie has none. */
async function shimsOf(address: string): Promise<number[]> {
  const pids = (await names('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const args = line.split('\0');
      const isShim = basename(args[0] ?? '').startsWith('containerd-shim');
      return isShim && args[args.indexOf('-address') + 1] === address ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

async function names(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
