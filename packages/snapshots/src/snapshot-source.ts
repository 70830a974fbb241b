import {
  CtrdError,
  hasCode,
  type ImageSource,
  type MountSpec,
  type Owner,
  ownerLabel,
  type ResolvedImage,
  type SnapshotPlace,
  type SnapshotSource,
} from '@ctrd/core';
import type { SnapshotStore } from './snapshot-store.js';

/**
 * Snapshots for containers. `images` is asked for at each call, since a host may compose snapshots
 * without images and only ever give root file systems.
 */
export function createSnapshotSource(
  store: SnapshotStore,
  owner: Owner,
  images: () => ImageSource | undefined,
): SnapshotSource {
  return {
    fromImage: (key, image, place) =>
      onImage(imagesOf(images(), image.reference), image, place, (chainId) =>
        store.prepare(key, chainId, { [ownerLabel]: owner.id, ...place.labels }, place),
      ),
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

/** The source of images. Throws `failed-precondition`, naming what to add, when there is none. */
export function imagesOf(images: ImageSource | undefined, reference: string): ImageSource {
  if (images !== undefined) return images;
  throw new CtrdError('a snapshot of an image needs images: add images() of @ctrd/images', {
    code: 'failed-precondition',
    reason: 'missing-plugin',
    subject: reference,
  });
}

/** Makes a snapshot on an image's layers; unpacks them, once, when they are not there yet. */
export async function onImage(
  images: ImageSource,
  { reference, chainId }: Pick<ResolvedImage, 'reference' | 'chainId'>,
  { snapshotter, signal }: SnapshotPlace,
  make: (chainId: string) => Promise<readonly MountSpec[]>,
): Promise<readonly MountSpec[]> {
  try {
    return await make(chainId);
  } catch (error) {
    if (!hasCode(error, 'not-found') || chainId === '') throw error;
    // The image's layers are not in this snapshotter yet. They belong to the image, not to the
    // caller's lease: unpacking takes its own.
    await images.unpack(reference, { snapshotter, signal });
    return await make(chainId);
  }
}
