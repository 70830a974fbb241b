import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** Processes end while they are looked at: what cannot be read is left out. */
const gone = () => undefined;

async function processIds(): Promise<readonly string[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
}

/** The paths of all files that processes hold open; those of other users only for root. */
export async function* openFiles(): AsyncGenerator<string> {
  for (const pid of await processIds()) {
    for (const fd of (await readdir(`/proc/${pid}/fd`).catch(gone)) ?? []) {
      const path = await readlink(`/proc/${pid}/fd/${fd}`).catch(gone);
      if (path !== undefined) yield path;
    }
  }
}

/** A shim, as its command line tells. */
export interface ShimProcess {
  readonly pid: number;
  readonly namespace: string;
  /** Of the container that it was started for; it may serve others as well. */
  readonly id: string;
  /** The daemon's socket. */
  readonly address: string;
  readonly startedAt: Date | undefined;
}

export async function* shimProcesses(): AsyncGenerator<ShimProcess> {
  for (const pid of await processIds()) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(gone);
    const [program = '', ...args] = line?.split('\0') ?? [];
    if (!basename(program).startsWith('containerd-shim')) continue;
    const value = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : '') ?? '';
    yield {
      pid: Number(pid),
      ...{ namespace: value('-namespace'), id: value('-id'), address: value('-address') },
      startedAt: await startOf(pid),
    };
  }
}

/** The parent of a process; 0 for one that is gone, or has ended and waits for its parent. */
export async function parentOf(pid: number): Promise<number> {
  const [state, parent] = await statFields(pid);
  return state === 'Z' || state === 'X' ? 0 : Number(parent ?? 0);
}

export async function childrenOf(pid: number): Promise<readonly number[]> {
  const parents = await Promise.all(
    (await processIds()).map(async (id) => ({
      id: Number(id),
      parent: await parentOf(Number(id)),
    })),
  );
  return parents.filter(({ parent }) => parent === pid).map(({ id }) => id);
}

/** The fields of `/proc/PID/stat` from the state on; none for a process that is gone. */
async function statFields(pid: number | string): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(gone);
  // The second field is the program's name in parentheses and may hold spaces.
  return text === undefined ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** The kernel counts in this unit on every machine that Node runs on (USER_HZ). */
const ticksPerSecond = 100;

async function startOf(pid: string): Promise<Date | undefined> {
  const ticks = (await statFields(pid))[19];
  const booted = /^btime (\d+)$/m.exec(
    (await readFile('/proc/stat', 'utf8').catch(gone)) ?? '',
  )?.[1];
  if (ticks === undefined || booted === undefined) return undefined;
  return new Date((Number(booted) + Number(ticks) / ticksPerSecond) * 1000);
}
