import { Readable, type Writable } from 'node:stream';
import type { Owner, Report } from '@ctrd/core';
import { type FifoFolder, makeFifos, removeFifos } from './fifo.js';
import { type Input, openInput } from './input.js';
import { deliver, feed, noInput } from './lead-streams.js';
import { makeLog } from './log-target.js';
import { type Output, openOutput } from './output.js';
import type { Stdio } from './stdio.js';

/** The paths that the daemon is told. */
export interface StdioPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/** The streams of one process, from before it exists until it is gone. */
export interface ProcessIo {
  readonly paths: StdioPaths;
  /** What a handle shows; see {@link ProcessHandle}. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Says that the process exists; see {@link Input.connected}. */
  connected(closeIO: () => Promise<void>): void;
  /**
   * After the process has ended: takes in what is left of its output, and lets go of the pipes. Gives
   * up when nothing moves for `idleMs`, or something still writes after five times that: what
   * outlives the process, such as a child of its own, may hold a pipe for ever.
   */
  drain(idleMs: number): Promise<void>;
  /** Lets go of the pipes and leaves them: another client may attach. */
  detach(): void;
  /** Lets go of the pipes and removes them. */
  remove(): Promise<void>;
}

/** Where a process's pipes are made, and on whose behalf. */
export interface ProcessIoPlace {
  readonly tty: boolean;
  readonly runtimeDir: string;
  readonly report: Report;
  readonly owner: Pick<Owner, 'id'>;
}

/** Makes the pipes of a process and opens this side of them. */
export async function createProcessIo(
  stdio: Stdio,
  { tty, runtimeDir, report, owner }: ProcessIoPlace,
): Promise<ProcessIo> {
  const names = [
    ...(stdio.stdin === 'null' ? [] : (['stdin'] as const)),
    ...(stdio.stdout === 'null' || stdio.log !== undefined ? [] : (['stdout'] as const)),
    ...(stdio.stderr === 'null' ? [] : (['stderr'] as const)),
  ];
  const log = await makeLog(stdio.log, tty);
  const folder = names.length === 0 ? undefined : await makeFifos(runtimeDir, names, owner.id);
  const paths = { ...pathsOf(folder, tty), ...log };
  try {
    return openProcessIo(paths, { stdio, report, folder: folder?.path });
  } catch (error) {
    if (folder !== undefined) await removeFifos(folder.path);
    throw error;
  }
}

/**
 * Opens this side of pipes that exist. What is `pipe` shows on the handle; the rest is led where the
 * options say.
 */
export function openProcessIo(
  paths: StdioPaths,
  {
    stdio,
    report,
    folder,
  }: {
    stdio: Stdio;
    report: Report;
    /** The folder of the pipes, which goes with them. */
    folder: string | undefined;
  },
): ProcessIo {
  const opened: { close(): void }[] = [];
  const open = <T extends { close(): void }>(path: string, how: (path: string) => T) => {
    if (folder === undefined || !path.startsWith(`${folder}/`)) return undefined;
    const end = how(path);
    opened.push(end);
    return end;
  };
  let input: Input | undefined;
  let outputs: readonly (Output | undefined)[];
  try {
    outputs = [open(paths.stdout, openOutput), open(paths.stderr, openOutput)];
    input = open(paths.stdin, openInput);
  } catch (error) {
    for (const end of opened) end.close();
    throw error;
  }
  const [stdout, stderr] = outputs;
  if (input !== undefined) opened.push(feed(input, stdio, report));
  const delivered = [
    deliver(stdout, stdio.stdout, process.stdout, report),
    deliver(stderr, stdio.stderr, process.stderr, report),
  ];
  const closeAll = () => {
    for (const end of opened) end.close();
  };
  return {
    paths,
    stdin: (stdio.stdin === 'pipe' ? input?.stream : undefined) ?? noInput(),
    stdout: (stdio.stdout === 'pipe' ? stdout?.stream : undefined) ?? Readable.from([]),
    stderr: (stdio.stderr === 'pipe' ? stderr?.stream : undefined) ?? Readable.from([]),
    connected: (closeIO) => input?.connected(closeIO),
    async drain(idleMs) {
      for (const output of outputs) output?.finish();
      const all = Promise.all([...outputs.map((output) => output?.ended), ...delivered]);
      for (let round = 0, moved = -1; round < 5 && moved !== movement(outputs); round += 1) {
        moved = movement(outputs);
        if (await within(idleMs, all)) break;
      }
      closeAll();
    },
    detach: closeAll,
    async remove() {
      closeAll();
      if (folder !== undefined) await removeFifos(folder);
    },
  };
}

function pathsOf(folder: FifoFolder | undefined, terminal: boolean): StdioPaths {
  const { stdin = '', stdout = '', stderr = '' } = folder ?? {};
  // The shim opens both outputs as soon as one is named, and cannot open an empty path.
  const some = stdin !== '' || stdout !== '' || stderr !== '';
  const nowhere = some ? '/dev/null' : '';
  return {
    stdin,
    stdout: stdout || nowhere,
    stderr: terminal ? '' : stderr || nowhere,
    terminal,
  };
}

/** Grows with every byte that comes in and every byte that is taken on. */
function movement(outputs: readonly (Output | undefined)[]): number {
  return outputs.reduce(
    (sum, output) => sum + 2 * (output?.taken ?? 0) - (output?.stream.readableLength ?? 0),
    0,
  );
}

/** Whether the promise settles in time. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
