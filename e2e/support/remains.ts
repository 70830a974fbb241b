import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from './wait-for.js';

const run = promisify(execFile);
const tasks = 'io.containerd.runtime.v2.task';

/** A shim process, as its command line tells. */
export interface Shim {
  readonly pid: number;
  readonly namespace: string;
  readonly id: string;
  /** The socket of the daemon that it reports to. */
  readonly address: string;
}

/** All containerd shims on this machine. */
export async function shims(): Promise<Shim[]> {
  const pids = (await names('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const args = (await text(`/proc/${pid}/cmdline`)).split('\0');
      if (!basename(args[0] ?? '').startsWith('containerd-shim')) return [];
      const value = (flag: string) => args[args.indexOf(flag) + 1] ?? '';
      const [namespace, id, address] = [value('-namespace'), value('-id'), value('-address')];
      return [{ pid: Number(pid), namespace, id, address }];
    }),
  );
  return found.flat();
}

/** The socket of a task's shim, by containerd's rule (`pkg/shim`, `SocketAddress`). */
export function shimSocket(address: string, namespace: string, id: string): string {
  const name = createHash('sha256')
    .update(join(address, namespace, id))
    .digest('hex');
  return `/run/containerd/s/${name}`;
}

/** Mount points below a folder, the deepest first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const table = (await text('/proc/self/mountinfo')).split('\n');
  const points = table.map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => point.startsWith(`${folder}/`)).reverse();
}

/** The cgroups of a namespace's containers, in all hierarchies. */
export async function cgroups(namespace: string): Promise<string[]> {
  const hierarchies = (await names('/sys/fs/cgroup')).map((name) => join('/sys/fs/cgroup', name));
  const parents = ['/sys/fs/cgroup', ...hierarchies].map((path) => join(path, namespace));
  return (await Promise.all(parents.map(folders))).flat();
}

/** What runc knows about a namespace's containers. */
export function runcStates(namespace: string): Promise<string[]> {
  return names(runcRoot(namespace));
}

/** Whether a process runs; one that has ended and waits for its parent does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const state = /^State:\s+(\S)/m.exec(await text(`/proc/${pid}/status`))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/**
 * Removes a test daemon with all it left: the process, tasks with their shims, mounts, cgroups,
 * runc's state and its folder. Works from the folder alone, also after a crash of the tests.
 */
export async function removeDaemonFolder(folder: string): Promise<void> {
  const address = join(folder, 'c.sock');
  await endProcess(Number(await text(join(folder, 'pid'))));
  const own = (await shims()).filter((shim) => shim.address === address);
  const bundles = join(folder, 'state', tasks);
  const namespaces = new Set([
    ...(await names(bundles)),
    ...(await names(join(folder, 'root', tasks))),
    ...own.map(({ namespace }) => namespace),
  ]);
  for (const namespace of namespaces) {
    const ids = await runcStates(namespace);
    const remove = async () => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
        // runc fails on what is half gone already; the rest below is the same.
        await run('runc', ['--root', runcRoot(namespace), 'delete', '--force', id]).catch(() => {});
      }
    };
    await Promise.all([remove(), remove(), remove(), remove()]);
  }
  for (const { pid } of own) kill(pid);
  for (const namespace of namespaces) {
    for (const id of await names(join(bundles, namespace))) {
      await rm(shimSocket(address, namespace, id), { force: true });
    }
    await rm(runcRoot(namespace), { recursive: true, force: true });
    for (const path of await cgroups(namespace)) await rmdir(path).catch(() => {});
    await removeCgroupParents(namespace);
  }
  for (const point of await mountsBelow(folder)) {
    await run('umount', ['--lazy', point]).catch(async (error: unknown) => {
      // The tests of another line may be removing the same.
      if ((await mountsBelow(folder)).includes(point)) throw error;
    });
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes the daemons of test processes that no longer live. */
export async function removeAbandoned(prefix: string): Promise<void> {
  for (const name of await names(tmpdir())) {
    const path = join(tmpdir(), name);
    const owner = Number(path.startsWith(prefix) ? path.slice(prefix.length).split('-')[0] : 0);
    if (owner > 0 && !(await isAlive(owner))) await removeDaemonFolder(path);
  }
}

async function removeCgroupParents(namespace: string): Promise<void> {
  for (const hierarchy of ['', ...(await names('/sys/fs/cgroup'))]) {
    await rmdir(join('/sys/fs/cgroup', hierarchy, namespace)).catch(() => {});
  }
}

async function endProcess(pid: number): Promise<void> {
  if (pid === 0 || !(await text(`/proc/${pid}/cmdline`)).includes('containerd')) return;
  kill(pid, 'SIGCONT');
  kill(pid, 'SIGTERM');
  const ended = async () => !(await isAlive(pid));
  await waitFor(ended, { timeoutMs: 10_000 }).catch(async () => {
    kill(pid);
    await waitFor(ended);
  });
}

function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

const runcRoot = (namespace: string): string => `/run/containerd/runc/${namespace}`;

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
