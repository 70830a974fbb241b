import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type CallControl, CtrdError, toCtrdError } from '@ctrd/core';
import { endTasks, removeFolder } from './clean-up.js';
import { configToml } from './config.js';
import { checkDaemonOptions, type DaemonOptions } from './daemon-options.js';
import { type DaemonProcess, runningProcess, startProcess } from './daemon-process.js';
import { type Layout, layoutOf } from './layout.js';
import { findPrograms, type Programs } from './programs.js';
import { untilServing } from './serving.js';
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
  { signal, timeoutMs }: CallControl,
): Promise<Daemon> {
  const limit = AbortSignal.timeout(timeoutMs ?? options.startTimeoutMs ?? 30_000);
  const until = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  const programs = await findPrograms(options);
  await mkdir(layout.folder, { recursive: true, mode: 0o711 });
  const alive = await runningProcess(layout);
  let first: DaemonProcess | undefined = alive;
  try {
    await writeFile(layout.config, configToml(layout, options), { mode: 0o600 });
    first ??= await startProcess(layout, programs);
    await untilServing(layout, { signal: until, ended: first.ended });
  } catch (error) {
    if (first !== undefined && alive === undefined) await endProcess(first, options);
    if (layout.temporary) await removeFolder(layout);
    throw toCtrdError(error).within({ operation: 'startDaemon', subject: layout.folder });
  }
  return daemonOf(layout, options, { first, programs, takenOver: alive !== undefined });
}

function daemonOf(
  layout: Layout,
  options: DaemonOptions,
  start: { first: DaemonProcess; programs: Programs; takenOver: boolean },
): Daemon {
  const supervisor = supervise(start.first, {
    policy: options.restart ?? {},
    restart: async (signal) => {
      const next = await startProcess(layout, start.programs);
      const limit = AbortSignal.timeout(options.startTimeoutMs ?? 30_000);
      try {
        await untilServing(layout, { signal: AbortSignal.any([signal, limit]), ended: next.ended });
      } catch (error) {
        await endProcess(next, options);
        throw error;
      }
      return next;
    },
  });
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= stopDaemon(layout, options, supervisor));
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
  supervisor: Supervisor,
): Promise<void> {
  const serving = supervisor.state === 'serving';
  await supervisor.stop();
  let failure: unknown;
  if (layout.temporary && serving) {
    const limit = AbortSignal.timeout(options.stopTimeoutMs ?? 10_000);
    await endTasks(layout, limit).catch((error: unknown) => {
      failure = error;
    });
  }
  await endProcess(supervisor.process, options);
  if (layout.temporary) await removeFolder(layout);
  else await rm(layout.pidFile, { force: true });
  if (failure !== undefined) {
    throw new CtrdError('some containers of the temporary daemon could not be ended', {
      code: 'internal',
      operation: 'stop',
      subject: layout.folder,
      cause: failure,
    });
  }
}

async function endProcess(running: DaemonProcess, options: DaemonOptions): Promise<void> {
  running.kill('SIGTERM');
  const timer = setTimeout(() => running.kill('SIGKILL'), options.stopTimeoutMs ?? 10_000);
  await running.ended;
  clearTimeout(timer);
}
