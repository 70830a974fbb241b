import { isAbsolute } from 'node:path';
import { checkMilliseconds, invalidArgument } from '@ctrd/core';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** How often a daemon that ends by itself is started again. */
export interface RestartPolicy {
  /** Restarts within {@link windowMs} before it is given up. Default: 5. 0 never restarts. */
  readonly limit?: number | undefined;
  /** Default: 60 000. */
  readonly windowMs?: number | undefined;
  /** The pause before the first restart; it doubles up to 5 s. Default: 100. */
  readonly pauseMs?: number | undefined;
}

/** A private containerd. */
export interface DaemonOptions {
  /**
   * Its folder: images, containers, socket, log. What is there stays, and containers go on running
   * when it stops. Default: a temporary one, which is emptied and removed at the end; when the host
   * is killed, the next host on this machine that starts a temporary daemon does that.
   */
  readonly root?: string | undefined;
  /** The program, an absolute path. Default: `containerd` in PATH. */
  readonly containerd?: string | undefined;
  /** Folders searched before PATH, for the program itself, its shims and runc. Default: none. */
  readonly path?: readonly string[] | undefined;
  /** Default: `info`. */
  readonly logLevel?: (typeof logLevels)[number] | undefined;
  /**
   * Tables of containerd's TOML config (version 2), merged over ours: `{ plugins: { … } }`. Default:
   * none. A daemon that is taken over reads them when it is started the next time.
   */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds within which it must serve. Default: 30 000. */
  readonly startTimeoutMs?: number | undefined;
  /** Milliseconds for a clean stop before it is killed. Default: 10 000. */
  readonly stopTimeoutMs?: number | undefined;
  readonly restart?: RestartPolicy | undefined;
}

/** Throws `invalid-argument`, naming the field. */
export function checkDaemonOptions(options: DaemonOptions): void {
  const { root, containerd, path = [], logLevel = 'info', restart = {} } = options;
  const { startTimeoutMs, stopTimeoutMs } = options;
  if (root !== undefined && !isAbsolute(root)) {
    throw invalidArgument('root', 'be an absolute path', root);
  }
  if (containerd !== undefined && !isAbsolute(containerd)) {
    throw invalidArgument('containerd', 'be an absolute path', containerd);
  }
  if (!Array.isArray(path) || !path.every((folder) => isAbsolute(folder))) {
    throw invalidArgument('path', 'be a list of absolute paths', path);
  }
  if (!logLevels.includes(logLevel)) {
    throw invalidArgument('logLevel', `be one of ${logLevels.join(', ')}`, logLevel);
  }
  for (const [field, value] of Object.entries({
    startTimeoutMs,
    stopTimeoutMs,
    'restart.windowMs': restart.windowMs,
    'restart.pauseMs': restart.pauseMs,
  })) {
    checkMilliseconds(field, value);
  }
  const { limit } = restart;
  if (limit !== undefined && !(Number.isFinite(limit) && limit >= 0)) {
    throw invalidArgument('restart.limit', 'be a number of at least 0', limit);
  }
}
