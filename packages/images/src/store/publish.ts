import { createRollback, throwIfAborted, uninterrupted } from '@ctrd/core';
import type { ImageParts } from '../parts.js';
import type { ImageRecord, NewImageRecord } from './image-store.js';

/**
 * Makes the records of several images, all or none: what a failure leaves is what was there before.
 */
export async function publish(
  { images, report }: Pick<ImageParts, 'images' | 'report'>,
  records: readonly NewImageRecord[],
  signal: AbortSignal,
): Promise<readonly ImageRecord[]> {
  await using rollback = createRollback(report);
  const made: ImageRecord[] = [];
  for (const image of records) {
    // Interrupted, the daemon might make it after it was undone.
    const { record, before } = await uninterrupted(signal, (limit) =>
      images.put(image, { signal: limit }),
    );
    rollback.add(`image ${image.name}`, (limit) =>
      before === undefined
        ? images.delete(image.name, false, { signal: limit })
        : images.put(before, { signal: limit }),
    );
    made.push(record);
  }
  throwIfAborted(signal);
  rollback.commit();
  return made;
}
