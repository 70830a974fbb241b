import { createRollback } from '@ctrd/core';
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
    const { record, before } = await images.put(image, { signal });
    rollback.add(`image ${image.name}`, (limit) =>
      before === undefined
        ? images.delete(image.name, false, { signal: limit })
        : images.put(before, { signal: limit }),
    );
    made.push(record);
  }
  rollback.commit();
  return made;
}
