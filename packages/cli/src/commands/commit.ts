import type { Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { parseChanges } from '../options/image-changes.js';

interface CommitFlags {
  readonly author?: string;
  readonly message?: string;
  readonly change?: readonly string[];
  /** `--no-pause` makes it false. */
  readonly pause: boolean;
}

export const commit: Run<CommitFlags> = async ([reference = '', name = ''], flags, context) => {
  const { author, message: comment, change } = flags;
  const { client, signal } = context;
  const { id, status } = await findContainer(context, reference);
  const changes = parseChanges(change ?? []);
  // What is written meanwhile would be in the image by half.
  const paused = flags.pause && status === 'running';
  if (paused) await client.pauseContainer(id, { signal });
  try {
    const image = await client.commitImage(name, {
      container: id,
      author,
      comment,
      changes,
      signal,
    });
    process.stdout.write(`${image.name} ${image.target.digest}\n`);
  } finally {
    // Also when this was interrupted: a container must not stay frozen.
    if (paused) await client.unpauseContainer(id);
  }
};
