import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';

/** How a process ended. The same for everybody who asks, however often. */
export interface ExitMessage {
  readonly containerId: string;
  /** Empty for the container's own process. */
  readonly execId: string;
  /** 0 to 255; 128 and the signal's number for a process that a signal ended. */
  readonly exitCode: number;
  readonly exitedAt: Date;
  /**
   * Why the true code is not known: the daemon has lost it. The code is 255 then, as for Docker and
   * Kubernetes, and never one that could be taken for a result.
   */
  readonly lost?: string;
  /**
   * The kernel killed a process of the container, because together they took more memory than they
   * may; perhaps a child whose failure the container's own process only passed on. Never of an exec.
   */
  readonly oomKilled?: true;
}

/** Which process: a container's own, or one that was started in it. */
export interface ProcessKey {
  readonly containerId: string;
  /** Empty for the container's own process. */
  readonly execId: string;
}

/** The message of a process whose exit nobody knows any more. */
export function lostExit(key: ProcessKey, reason: string): ExitMessage {
  return { ...key, exitCode: 255, exitedAt: new Date(), lost: reason };
}

/**
 * How a process ended, by a status and a time. A status without a time is of a process that never
 * ran, and no end at all: `undefined`.
 */
export function exitedMessage(
  key: ProcessKey,
  exitCode: number,
  at: Timestamp | undefined,
): ExitMessage | undefined {
  if (at === undefined || at.seconds <= 0n) return undefined;
  const { containerId, execId } = key;
  return { containerId, execId, exitCode, exitedAt: timestampDate(at) };
}
