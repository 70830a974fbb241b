import { type ImageSource, toCtrdError } from '@ctrd/core';
import type { ImageParts } from './parts.js';
import { findImage } from './store/find-image.js';
import { incomplete, resolvedImage } from './store/image-facts.js';
import { unpackImage } from './unpack/unpack-image.js';

/** Images for containers and snapshots, on the client's platform. */
export function createImageSource(parts: () => ImageParts): ImageSource {
  return {
    async resolve(reference, { signal }) {
      const { images, facts, platform } = parts();
      const { name, target } = await findImage(images, reference, { signal });
      try {
        return resolvedImage(name, target, await facts.read(target, platform, { signal }));
      } catch (error) {
        throw incomplete(name, toCtrdError(error));
      }
    },
    async unpack(reference, { snapshotter, signal }) {
      const { platform } = parts();
      await unpackImage(parts(), reference, { snapshotter, platform, signal });
    },
  };
}
