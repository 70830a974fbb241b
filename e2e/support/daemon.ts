import { basename } from 'node:path';
import { inject } from 'vitest';
import type { Line } from '../../tools/matrix/index.js';
import {
  ctr,
  type DaemonPlace,
  endDaemon,
  newPlace,
  ofLine,
  removeDaemon,
  startDaemon,
} from './daemon-process.js';
import { freeze } from './freeze.js';

/** A running containerd for tests. */
export interface TestDaemon extends DaemonPlace {
  /** Runs `ctr` of the same line on it and gives what it printed. */
  ctr(...args: string[]): Promise<string>;
}

/** A daemon of one test alone, which may be killed. */
export interface PrivateDaemon extends TestDaemon, AsyncDisposable {
  /** The process id of the daemon that runs, or ran last. */
  readonly pid: number;
  /** Kills the daemon; its shims and containers live on. */
  kill(): Promise<void>;
  /** Ends the daemon in good order; its shims and containers live on. */
  stop(): Promise<void>;
  /**
   * Starts it again, on the same root, state and socket, and waits until it serves.
   *
   * @param line - what it is from now on. Default: what it was.
   */
  start(line?: Line): Promise<void>;
  /** Kills it and starts it again. */
  restart(): Promise<void>;
  /**
   * Stops the process without ending it: the socket accepts, nothing answers. Resolves when every
   * thread of it stands still.
   */
  freeze(): Promise<void>;
  /** Goes on after {@link freeze}. */
  thaw(): void;
  /** Ends it and removes all it left. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The daemon that all files of the project share. Never kill it: see {@link privateDaemon}. */
export function daemon(): TestDaemon {
  return testDaemon(inject('daemon'));
}

/**
 * Starts a daemon for one test or file.
 *
 * @param options.line - default: the project's.
 * @param options.config - TOML tables for the end of its configuration.
 * @param options.programs - a folder that comes first on its `PATH`.
 * @param options.diskMb - its root and its clients' runtime folder share a disk of this size.
 * @param options.env - variables for its environment.
 */
export async function privateDaemon(
  options: { line?: Line } & Parameters<typeof newPlace>[1] = {},
): Promise<PrivateDaemon> {
  const place = await newPlace(options.line ?? inject('line'), options);
  const remove = () => removeDaemon(place);
  const started = startDaemon(place);
  await started.catch(remove);
  return control(place, await started);
}

/**
 * A containerd namespace of a test file's own: daemons of all lines share `runc`'s folders.
 *
 * @param file - `import.meta.url`
 */
export function namespaceOf(file: string): string {
  const stem = basename(file).replace(/(\.e2e)?\.test\.ts$/, '');
  const safe = stem.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const line = inject('line').replace('.', '');
  return `t${line}-${safe.slice(0, 40)}-${process.pid}`.replace(/-+/g, '-');
}

function testDaemon(place: DaemonPlace): TestDaemon {
  return { ...place, ctr: (...args) => ctr(place, ...args) };
}

function control(first: DaemonPlace, firstPid: number): PrivateDaemon {
  let place = first;
  let pid = firstPid;
  const kill = () => endDaemon(pid, 'SIGKILL');
  const start = async (line?: Line) => {
    if (line !== undefined) place = await ofLine(place, line);
    pid = await startDaemon(place);
  };
  return {
    ...testDaemon(first),
    get pid() {
      return pid;
    },
    kill,
    stop: () => endDaemon(pid, 'SIGTERM'),
    start,
    restart: async () => {
      await kill();
      await start();
    },
    freeze: () => freeze(pid),
    thaw: () => void process.kill(pid, 'SIGCONT'),
    [Symbol.asyncDispose]: () => removeDaemon(first),
  };
}
