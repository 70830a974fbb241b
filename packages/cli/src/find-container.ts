import type { ContainerInfo } from '@ctrd/client';
import { CtrdError, hasCode } from '@ctrd/client/core';
import type { Context } from './context.js';
import { toldOf } from './foreign.js';

/**
 * A container by its id, by the name that its tool gave it, or by the start of its id, when that is
 * no other's. Throws `not-found`, and `invalid-argument` for what several are meant by.
 */
export async function findContainer(
  { client, namespace, signal }: Pick<Context, 'client' | 'namespace' | 'signal'>,
  reference: string,
): Promise<ContainerInfo> {
  try {
    return await client.getContainer(reference, { signal });
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
    const all = await client.listContainers({ signal });
    const named = await Promise.all(
      all.map(async (info) => ({ info, name: (await toldOf(info, namespace)).name })),
    );
    const byName = named.filter(({ name }) => name === reference).map(({ info }) => info);
    const found = byName.length > 0 ? byName : all.filter(({ id }) => id.startsWith(reference));
    const [only, ...others] = found;
    if (only === undefined) throw error;
    if (others.length === 0) return only;
    throw new CtrdError(
      `${JSON.stringify(reference)} could be ${found.map(({ id }) => id).join(', ')}`,
      { code: 'invalid-argument', field: 'container' },
    );
  }
}

/** Whether its program runs, or is paused; one that `create` has made has a process that waits. */
export function isRunning({ pid, status }: Pick<ContainerInfo, 'pid' | 'status'>): boolean {
  return pid !== 0 && status !== 'created';
}
