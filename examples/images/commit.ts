// #region commit
import type { DefaultClient } from '@ctrd/client';

/** Makes an image of a container as it is now, and a container's start of it. */
export async function frozen(client: DefaultClient, id: string, name: string): Promise<string> {
  await client.pauseContainer(id);
  try {
    const { target } = await client.commitImage(name, {
      container: id,
      changes: { cmd: ['sh', '-c', 'cat /state'], env: ['FROZEN=1'] },
      comment: `${id}, as it was`,
    });
    return target.digest;
  } finally {
    await client.unpauseContainer(id);
  }
}
// #endregion
