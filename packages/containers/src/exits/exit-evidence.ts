import type { TaskDelete, TaskExit } from '@ctrd/api/events';
import { type ExitMessage, exitedMessage, type ProcessKey } from './exit-message.js';

/**
 * What an event of an end says of a process: how it ended, that its state is in `doubt` and must be
 * asked, or nothing.
 *
 * An event is believed only if it is of the very process: one of an earlier life of its id, or one
 * that comes twice, has another `pid`.
 *
 * @param pid - the id of the process; 0 while it is not known.
 */
export function evidence(
  event: TaskExit | TaskDelete,
  { key, pid }: { readonly key: ProcessKey; readonly pid: number },
): ExitMessage | 'doubt' | undefined {
  const { containerId, id, exitStatus, exitedAt } = event;
  if (containerId !== key.containerId) return undefined;
  // The id of a container's own process is the container's, which may be the id of an exec as well.
  const ofContainer = id === '' || id === containerId;
  const ofProcess = key.execId === '' ? ofContainer : id === key.execId;
  const exit = exitedMessage(key, exitStatus, exitedAt);
  const sure = ofProcess && pid !== 0 && event.pid === pid;
  if (sure && exit !== undefined && !isPerhapsMadeUp(exit)) return exit;
  // When a shim dies, nothing is told of what was started in its container.
  return ofProcess || ofContainer ? 'doubt' : undefined;
}

/**
 * When a shim has died, the daemon tells of an end of its container that it makes up: 137, which is
 * what the shim's clean-up says, or else 255. Of execs it makes up none.
 */
function isPerhapsMadeUp({ execId, exitCode }: ExitMessage): boolean {
  return execId === '' && (exitCode === 137 || exitCode === 255);
}
