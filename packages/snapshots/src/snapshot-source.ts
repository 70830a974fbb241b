import {
  CtrdError,
  hasCode,
  type ImageSource,
  type MountSpec,
  type SnapshotSource,
} from '@ctrd/core';
import type { SnapshotStore } from './snapshot-store.js';

/**
 * Snapshots for containers. `images` is asked for at each call, since a host may compose snapshots
 * without images and only ever give root file systems.
 */
export function createSnapshotSource(
  store: SnapshotStore,
  images: () => ImageSource | undefined,
): SnapshotSource {
  return {
    async fromImage(key, reference, place): Promise<readonly MountSpec[]> {
      const source = images();
      if (source === undefined) {
        throw new CtrdError('a snapshot of an image needs images: add images() of @ctrd/images', {
          code: 'failed-precondition',
          reason: 'missing-plugin',
          subject: reference,
        });
      }
      const { snapshotter, signal, labels = {} } = place;
      const { chainId } = await source.resolve(reference, { signal });
      try {
        return await store.prepare(key, chainId, labels, place);
      } catch (error) {
        if (!hasCode(error, 'not-found') || chainId === '') throw error;
        // The image's layers are not in this snapshotter yet. They belong to the image, not to the
        // caller's lease: unpacking takes its own.
        await source.unpack(reference, { snapshotter, signal });
        return await store.prepare(key, chainId, labels, place);
      }
    },
    mounts: (key, place) => store.mounts(key, place),
    async remove(key, place) {
      try {
        await store.remove(key, place);
      } catch (error) {
        if (!hasCode(error, 'not-found')) throw error;
      }
    },
  };
}
