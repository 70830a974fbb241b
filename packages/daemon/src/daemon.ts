import { mkdir, writeFile } from 'node:fs/promises';
import {
  type CallControl,
  CtrdError,
  mergeSignals,
  throwIfAborted,
  toCtrdError,
  withDeadline,
} from '@ctrd/core';
import { claim, removeAbandoned } from './abandoned.js';
import { endTasks, removeFolder } from './clean-up.js';
import { configToml } from './config.js';
import { checkDaemonOptions, type DaemonOptions } from './daemon-options.js';
import {
  type DaemonProcess,
  endProcess,
  forgetProcess,
  runningProcess,
  startProcess,
} from './daemon-process.js';
import { type Layout, layoutOf } from './layout.js';
import { findPrograms, type Programs } from './programs.js';
import { reapTasks } from './reap.js';
import { untilServing } from './serving.js';
import { withStartLock } from './start-lock.js';
import { type DaemonState, type Supervisor, supervise } from './supervisor.js';

/** A private containerd that is kept running. */
export interface Daemon extends AsyncDisposable {
  /** Its socket, for `ctrd({ address })`. */
  readonly address: string;
  readonly root: string;
  /** The file of its log. */
  readonly logPath: string;
  readonly pid: number;
  readonly state: DaemonState;
  /** How often it was started again. */
  readonly restarts: number;
  /** Whether it was running already and was taken over. */
  readonly takenOver: boolean;
  /** Calls the listener after each change of {@link state}, until the result is disposed. */
  watch(listener: (state: DaemonState) => void): Disposable;
  /**
   * Stops it: SIGTERM, then SIGKILL. With a temporary root, containers are ended first and the root
   * is removed; with a given root, they go on running. May be called again.
   */
  stop(): Promise<void>;
}

/**
 * Starts a private containerd, or takes over the one that an earlier host left running on the same
 * root. Throws `failed-precondition` when a program is missing or it ends at once, `timeout` when it
 * does not serve in time, `permission-denied` for a user who is not root.
 */
export async function startDaemon(
  options: DaemonOptions = {},
  control: CallControl = {},
): Promise<Daemon> {
  checkDaemonOptions(options);
  return await startDaemonIn(layoutOf(options.root), options, control);
}

/** {@link startDaemon} with the paths decided already. @internal */
export async function startDaemonIn(
  layout: Layout,
  options: DaemonOptions,
  { signal, timeoutMs = options.startTimeoutMs ?? 30_000 }: CallControl,
): Promise<Daemon> {
  try {
    using until = mergeSignals({ signal, timeoutMs });
    throwIfAborted(until.signal);
    const programs = await findPrograms(options);
    await mkdir(layout.folder, { recursive: true, mode: 0o711 });
    if (layout.temporary) {
      await claim(layout);
      await removeAbandoned(layout, programs.searchPath);
    }
    const first = await begin(layout, options, { programs, signal: until.signal });
    return daemonOf(layout, options, { ...first, programs });
  } catch (error) {
    if (layout.temporary) await removeFolder(layout);
    throw toCtrdError(error).within({ operation: 'startDaemon', subject: layout.folder });
  }
}

interface Begun {
  readonly running: DaemonProcess;
  /** Whether another had started it. */
  readonly takenOver: boolean;
}

/** Starts the daemon of a folder, or finds the one that runs, and waits until it serves. */
async function begin(
  layout: Layout,
  options: DaemonOptions,
  { programs, signal }: { programs: Programs; signal: AbortSignal },
): Promise<Begun> {
  const begun = await withStartLock(layout.folder, signal, async (): Promise<Begun> => {
    const running = await runningProcess(layout);
    if (running !== undefined) return { running, takenOver: true };
    // Not of one that runs: it may just be reading it, and would serve elsewhere with half of it.
    await writeFile(layout.config, configToml(layout, options), { mode: 0o600 });
    return { running: await startProcess(layout, programs), takenOver: false };
  });
  try {
    await untilServing(layout, { signal, ended: begun.running.ended });
    return begun;
  } catch (error) {
    if (!begun.takenOver) await endProcess(begun.running, stopTimeout(options));
    throw error;
  }
}

function daemonOf(
  layout: Layout,
  options: DaemonOptions,
  start: Begun & { programs: Programs },
): Daemon {
  const { programs } = start;
  const supervisor = supervise(start.running, {
    policy: options.restart ?? {},
    restart: async (stopped) => {
      using until = mergeSignals({ timeoutMs: options.startTimeoutMs ?? 30_000 }, stopped);
      return (await begin(layout, options, { programs, signal: until.signal })).running;
    },
  });
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= stopDaemon(layout, options, { supervisor, programs }));
  return {
    address: layout.socket,
    root: layout.folder,
    logPath: layout.log,
    takenOver: start.takenOver,
    get pid() {
      return supervisor.process.pid;
    },
    get state() {
      return supervisor.state;
    },
    get restarts() {
      return supervisor.restarts;
    },
    watch: (listener) => supervisor.watch(listener),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopDaemon(
  layout: Layout,
  options: DaemonOptions,
  { supervisor, programs }: { supervisor: Supervisor; programs: Programs },
): Promise<void> {
  const serving = supervisor.state === 'serving';
  await supervisor.stop();
  const { process: running } = supervisor;
  try {
    if (layout.temporary && serving) {
      // What this does not end, because the daemon hangs for instance, is reaped below.
      await withDeadline(stopTimeout(options), (limit) => endTasks(layout, limit)).catch(() => {});
    }
    await endProcess(running, stopTimeout(options));
    await forgetProcess(layout, running);
    if (!layout.temporary) return;
    await reapTasks(layout, programs.searchPath);
    await removeFolder(layout);
  } catch (error) {
    throw new CtrdError(`the daemon cannot be stopped: ${toCtrdError(error).rawMessage}`, {
      code: 'internal',
      operation: 'stop',
      subject: layout.folder,
      cause: error,
    });
  }
}

function stopTimeout({ stopTimeoutMs = 10_000 }: DaemonOptions): number {
  return stopTimeoutMs;
}
