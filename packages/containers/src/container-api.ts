import type { Readable, Writable } from 'node:stream';
import type { CallControl, CtrdError, Handler } from '@ctrd/core';
import type {
  AttachOptions,
  CheckpointOptions,
  ContainerOptions,
  DestroyOptions,
  ExecOptions,
  Extension,
  KillOptions,
  LogsOptions,
  RecoverAllOptions,
  RunOptions,
  StartOptions,
  TerminalSize,
  UpdateContainerOptions,
  UpdateOptions,
} from './container-options.js';
import type { ExitMessage } from './exits/exit-message.js';
import type { ContainerEvent } from './exits/moments.js';
import type { TaskStatus } from './lifecycle/tasks.js';
import type { ContainerStats } from './stats/container-stats.js';

/** The streams and the end of a process. */
export interface ProcessHandle {
  readonly pid: number;
  /**
   * Where stdin is `pipe`: `end()` ends the process's input. Otherwise, writing fails with
   * `failed-precondition`.
   */
  readonly stdin: Writable;
  /** Where stdout is `pipe`: while nobody reads it, the process waits. Otherwise it is empty. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process has ended and its output is here. The same for every caller. */
  wait(options?: CallControl): Promise<ExitMessage>;
  /** Changes the size of its terminal. Throws `failed-precondition` with reason `no-terminal`. */
  resize(options: TerminalSize & CallControl): Promise<void>;
  /** Sends it a signal. Throws `failed-precondition` with reason `state` when it has ended. */
  kill(options?: Omit<KillOptions, 'execId'>): Promise<void>;
}

/** A container of this client. Disposing destroys it. */
export interface Container extends ProcessHandle, AsyncDisposable {
  readonly id: string;
  /**
   * Starts one that was made with `start: false`, or that has ended: then the handle that it answers
   * has the new streams.
   */
  start(options?: StartOptions): Promise<Container>;
  /** {@link ContainerAPIClient.execContainer} of this container. */
  exec(options: ExecOptions): Promise<Process>;
  /** {@link ContainerAPIClient.runInContainer} of this container. */
  run(options: RunOptions): Promise<RunResult>;
  /** {@link ContainerAPIClient.pauseContainer} of this container. */
  pause(options?: CallControl): Promise<void>;
  /** {@link ContainerAPIClient.unpauseContainer} of this container. */
  unpause(options?: CallControl): Promise<void>;
  /** {@link ContainerAPIClient.stopContainer} of this container. */
  stop(options?: DestroyOptions): Promise<ExitMessage>;
  /** {@link ContainerAPIClient.updateResources} of this container. */
  update(options: UpdateOptions): Promise<void>;
  /** {@link ContainerAPIClient.createCheckpoint} of this container. */
  checkpoint(options: CheckpointOptions): Promise<void>;
  /** {@link ContainerAPIClient.containerStats} of this container. */
  stats(options?: CallControl): Promise<ContainerStats>;
  /** {@link ContainerAPIClient.getContainer} of this container. */
  info(options?: CallControl): Promise<ContainerInfo>;
  /** {@link ContainerAPIClient.containerLogs} of this container. */
  logs(options?: LogsOptions): AsyncIterable<Buffer>;
  /** Lets go of its streams and leaves it running; another client can attach. */
  detach(): void;
  /** {@link ContainerAPIClient.destroyContainer} of this container. */
  destroy(options?: DestroyOptions): Promise<ExitMessage | undefined>;
}

/** A process that was started in a container. */
export interface Process extends ProcessHandle {
  readonly containerId: string;
  readonly execId: string;
}

/** How a program ended that was run in a container, and what it printed. */
export interface RunResult extends ExitMessage {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Whether there was more than was kept. */
  readonly truncated: boolean;
}

/** A container: its record, and the state of its process. */
export interface ContainerInfo {
  readonly id: string;
  /** Empty for one without an image. */
  readonly image: string;
  readonly runtime: string;
  readonly snapshotter: string;
  readonly snapshotKey: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, Extension>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Program and arguments. */
  readonly args: readonly string[];
  /** Whether it has a terminal. */
  readonly tty: boolean;
  /** The file that its output goes to, if it does. */
  readonly logPath: string | undefined;
  /** `none` for a container without a task. */
  readonly status: TaskStatus | 'none';
  /** 0 when nothing runs. */
  readonly pid: number;
  /** How it ended, if it has and somebody knows. */
  readonly exit: ExitMessage | undefined;
}

/** A process in a container, by the id that the daemon's machine has for it. */
export interface ContainerProcess {
  readonly pid: number;
  /** Of a process that `exec` started; empty for others. */
  readonly execId: string;
}

/** What became of a container that `recoverAll()` found: one of the three is there. */
export interface RecoveredContainer {
  readonly id: string;
  /** It is watched again. */
  readonly container?: Container | undefined;
  /** It has ended, and its exit had been delivered before. */
  readonly exit?: ExitMessage | undefined;
  readonly error?: CtrdError | undefined;
}

/** A handler of exits: `setExitHooks(report, restart)`. */
export type ExitHook = Handler<ExitMessage>;

/** A handler of what the daemon says of containers: `setEventsHooks(log)`. */
export type ContainerEventHook = Handler<ContainerEvent>;

/** What `containers()` adds to a client. Methods with an id are also on the handle of a container. */
export interface ContainerAPIClient {
  /**
   * Makes a container and starts it. Throws `already-exists`, `not-found` (image, snapshot, user),
   * `invalid-argument`, `unimplemented` for a restart policy that the daemon does not know, and
   * `failed-precondition` with reason `command-not-found` or `command-not-executable`. When it fails, nothing of it is left.
   */
  createContainer(options: ContainerOptions): Promise<Container>;
  /**
   * Starts one that was made with `start: false`, or makes a new task out of the record of one that
   * has ended, whose exit is delivered once again. An exit that nobody was told of is delivered first.
   * When it fails, the record is as it was. One that another client has made and not started shows
   * no streams; `recoverContainer()` does. Throws `not-found`, and `failed-precondition` with reason
   * `state` for a container that runs, or whose exit is being told, by a handler of it for instance.
   */
  startContainer(id: string, options?: StartOptions): Promise<Container>;
  /**
   * Ends a container and removes it with its snapshot: the stop signal, SIGKILL after the grace.
   * Answers how it ended; `undefined` for one that never ran. Throws `not-found`.
   */
  destroyContainer(id: string, options?: DestroyOptions): Promise<ExitMessage | undefined>;
  /** Ends a container's process and keeps the container. Throws `not-found`. */
  stopContainer(id: string, options?: DestroyOptions): Promise<ExitMessage>;
  /**
   * Sends a signal to a container's process, to all of its processes, or to one that was started in
   * it. Throws `not-found`, and `failed-precondition` with reason `state` when it has ended.
   */
  killContainer(id: string, options?: KillOptions): Promise<void>;
  /** Throws `not-found`. Also of a container of another client. */
  waitContainer(id: string, options?: CallControl): Promise<ExitMessage>;
  /** {@link waitContainer} under the name of the seed; `timeoutMs` says how long. */
  probeContainer(id: string, options?: CallControl): Promise<ExitMessage>;
  /**
   * The id of a container's own process on the daemon's machine. Throws `not-found`, and
   * `failed-precondition` with reason `state` when nothing runs.
   */
  containerPID(id: string, options?: CallControl): Promise<number>;
  /** All processes of a container. Throws as {@link containerPID} does. */
  containerPIDs(id: string, options?: CallControl): Promise<readonly ContainerProcess[]>;
  /**
   * Starts a program in a container. Throws `not-found`, `invalid-argument`, `already-exists` for
   * an exec id that is taken, and `failed-precondition` with reason `state`, `command-not-found` or
   * `command-not-executable`.
   */
  execContainer(id: string, options: ExecOptions): Promise<Process>;
  /** Runs a program in a container to its end, and answers its output. */
  runInContainer(id: string, options: RunOptions): Promise<RunResult>;
  /**
   * Stops a container's processes without ending them. Throws `not-found`, and
   * `failed-precondition` with reason `state` unless it runs.
   */
  pauseContainer(id: string, options?: CallControl): Promise<void>;
  /** Lets the processes of a paused container go on. Throws as {@link pauseContainer} does. */
  unpauseContainer(id: string, options?: CallControl): Promise<void>;
  /**
   * Changes the size of a container's terminal, in characters. Throws `not-found`, and
   * `failed-precondition` with reason `no-terminal` or `state`.
   */
  resizeContainer(id: string, options: TerminalSize & CallControl): Promise<void>;
  /** As {@link resizeContainer}, for a process that was started in the container. */
  resizeExec(
    id: string,
    options: TerminalSize & CallControl & { readonly execId: string },
  ): Promise<void>;
  /** Changes limits while it runs; only what is given. */
  updateResources(id: string, options: UpdateOptions): Promise<void>;
  /**
   * Writes the state of a running container's processes into a folder, out of which
   * `createContainer({ checkpoint })` makes them go on. Not in it: the files, and what other
   * processes know. Throws `unimplemented` with reason `criu` where CRIU is missing.
   */
  createCheckpoint(id: string, options: CheckpointOptions): Promise<void>;
  /** Changes the labels and extensions of its record. Throws `not-found`. */
  updateContainer(id: string, options: UpdateContainerOptions): Promise<void>;
  /**
   * What a running container uses now. Throws `not-found`, and `failed-precondition` with reason
   * `state` when nothing runs.
   */
  containerStats(id: string, options?: CallControl): Promise<ContainerStats>;
  /**
   * What a container has written to its file (`stdio: { stdout: 'file:///…' }`), as it is: both
   * streams in the order in which they came, without times. What rotations have put aside (`a.log.1`,
   * `a.log.2.gz`) comes first. Also of another client's container, and after it has ended. Throws
   * `not-found`, and `failed-precondition` with reason `no-log`.
   */
  containerLogs(id: string, options?: LogsOptions): AsyncIterable<Buffer>;
  /** A container's record and state. Throws `not-found`. */
  getContainer(id: string, options?: CallControl): Promise<ContainerInfo>;
  /** `filters` as containerd's: `labels."team"==ci`. */
  listContainers(
    options?: CallControl & { readonly filters?: readonly string[] | undefined },
  ): Promise<readonly ContainerInfo[]>;
  /**
   * Finds a container that another client (or an earlier life of this one) made, attaches to its
   * pipes and delivers its exit from now on, also when it has ended meanwhile; the exits of what was
   * started in it as well. An exit that has been delivered is not delivered again. Throws
   * `not-found`, with reason `no-task` for a container that has no process and no exit to tell, and
   * `timeout` with reason `shim` for one whose shim does not answer three times.
   */
  recoverContainer(id: string, options?: AttachOptions): Promise<Container>;
  /**
   * {@link recoverContainer} of every container that the filter takes: by default, those that ctrd
   * made and whose process is gone. One that cannot be taken up does not hold up the others.
   */
  recoverAll(options?: RecoverAllOptions): Promise<readonly RecoveredContainer[]>;
  /** Adds handlers of {@link exited}; disposing takes them away. */
  setExitHooks(...hooks: readonly ExitHook[]): Disposable;
  /** Adds handlers of {@link execExited}. */
  setExecExitHooks(...hooks: readonly ExitHook[]): Disposable;
  /** Adds handlers of {@link containerEvent}: `die`, `exec_die` and `oom` of every container. */
  setEventsHooks(...hooks: readonly ContainerEventHook[]): Disposable;
}
