import { hasCode } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { showProgress } from '../terminal/progress.js';

interface PullFlags {
  readonly quiet?: true;
  readonly platform?: string;
  readonly allPlatforms?: true;
  readonly concurrency?: number;
}

export const pull: Run<PullFlags> = async ([reference = ''], flags, { client, signal }) => {
  const { quiet = false, platform, allPlatforms, concurrency } = flags;
  const image = await (async () => {
    using view = showProgress(reference, { quiet });
    return await client.pullImage(reference, {
      ...{ platform, allPlatforms, concurrency, signal },
      onProgress: (step) => view.show(step),
    });
  })();
  if (!quiet) process.stdout.write(`${image.name}\n`);
};

/** When the image of a container is fetched. */
export interface PullPolicy {
  readonly pull: 'always' | 'missing' | 'never';
  readonly platform?: string | undefined;
}

/** Fetches the image of a container, if that is wanted. */
export async function pullFor(
  { client, signal }: Pick<Context, 'client' | 'signal'>,
  reference: string,
  { pull, platform }: PullPolicy,
): Promise<void> {
  if (pull === 'never') return;
  if (pull === 'missing') {
    try {
      await client.getImage(reference, { signal });
      return;
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
    }
  }
  using view = showProgress(reference, { quiet: false });
  await client.pullImage(reference, { platform, signal, onProgress: (step) => view.show(step) });
}
