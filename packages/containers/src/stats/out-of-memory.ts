import type { Rpc } from '@ctrd/core';
import type { ExitMessage } from '../exits/exit-message.js';
import { taskStats } from './task-stats.js';

/**
 * The exit of a container, with whether its memory ran out: by the counts of its cgroup, which is
 * there until the task is deleted.
 */
export async function withOutOfMemory(
  rpc: Rpc,
  exit: ExitMessage,
  signal: AbortSignal,
): Promise<ExitMessage> {
  if (exit.exitCode === 0) return exit;
  // The exit is true without it: a daemon that cannot say so now says nothing.
  const stats = await taskStats(rpc, exit.containerId, signal).catch(() => undefined);
  return stats !== undefined && stats.memory.oomKills > 0n ? { ...exit, oomKilled: true } : exit;
}
