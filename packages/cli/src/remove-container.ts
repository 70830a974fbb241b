import type { ContainerInfo, DefaultClient } from '@ctrd/client';
import { hasCode } from '@ctrd/client/core';
import { ownLog, removeLog } from './detached-log.js';

type Client = Pick<DefaultClient, 'destroyContainer'>;

/**
 * Ends and removes a container, and its log when this command made it. One that is gone meanwhile is
 * no error: another command, or the keeper of `--rm`, was faster.
 */
export async function removeContainer(
  client: Client,
  info: Pick<ContainerInfo, 'id' | 'logPath' | 'extensions'>,
  namespace: string,
  how: Parameters<Client['destroyContainer']>[1] = {},
): Promise<void> {
  try {
    await client.destroyContainer(info.id, how);
  } catch (error) {
    // Whoever was faster removes its log as well: by now it may be that of another one of this name.
    return unlessGone(error);
  }
  const log = ownLog(info, namespace);
  if (log !== undefined) await removeLog(log);
}

export function unlessGone(error: unknown): void {
  if (!hasCode(error, 'not-found')) throw error;
}
