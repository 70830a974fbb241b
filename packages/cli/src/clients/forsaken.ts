import type { ContainerInfo, DefaultClient } from '@ctrd/client';
import {
  type Caretaker,
  Caretakers,
  contribute,
  definePlugin,
  type Finding,
  Owner,
  ownerLabel,
} from '@ctrd/client/core';
import { removerOf } from '../removal.js';
import { removeContainer, unlessGone } from '../remove-container.js';

type Client = Pick<DefaultClient, 'listContainers' | 'getContainer' | 'destroyContainer'>;

/**
 * Finds containers that were to be removed when they have ended (`--rm`), and have ended, and whoever
 * was to remove them is dead.
 */
export function forsakenContainers(namespace: string) {
  let client: () => Client;
  return definePlugin({
    name: 'forsaken-containers',
    contributes: [
      contribute(Caretakers, (parts) => caretaker(namespace, parts.get(Owner), () => client())),
    ],
    setup(context) {
      client = () => context.client<Client>();
      return {};
    },
  });
}

function caretaker(namespace: string, owner: Owner, client: () => Client): Caretaker {
  async function findingOf(info: ContainerInfo): Promise<Finding | undefined> {
    const { id, status, labels, exit, createdAt } = info;
    const remover = removerOf(info);
    if (remover === undefined || (await owner.state(remover)) !== 'dead') return undefined;
    if (status !== 'stopped' && status !== 'none') return undefined;
    // That is found anyway, as all that has no task and whose owner is dead.
    const maker = labels[ownerLabel];
    if (status === 'none' && maker !== undefined && (await owner.state(maker)) === 'dead') return;
    return {
      ...{ kind: 'container', id, owner: remover, ownerState: 'dead' },
      why: 'it was to be removed at its end (--rm)',
      since: exit?.exitedAt ?? createdAt,
    };
  }

  return {
    name: 'forsaken-containers',
    async inspect(signal) {
      const all = await client().listContainers({ signal });
      const found = await Promise.all(
        all.map(async (info) => ({ info, finding: await findingOf(info) })),
      );
      return found.flatMap(({ info, finding }) => {
        if (finding === undefined) return [];
        const remove = async (signal: AbortSignal) => {
          const now = await client().getContainer(info.id, { signal }).catch(unlessGone);
          const isSame = now?.createdAt.getTime() === info.createdAt.getTime();
          if (now === undefined || !isSame || (await findingOf(now)) === undefined) return false;
          await removeContainer(client(), now, namespace, { graceMs: 0, signal });
          return true;
        };
        return [{ finding, remove }];
      });
    },
  };
}
