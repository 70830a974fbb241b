import { invalidArgument, onOptions, onSubject, toCtrdError } from '@ctrd/core';
import { mapConcurrently } from '../concurrent.js';
import type { ImageInfo } from '../image.js';
import type {
  CreateImageReferenceOptions,
  ImageCall,
  ImageUsageOptions,
  ListImagesOptions,
  PrunedImage,
  PruneImagesOptions,
  RemoveImageOptions,
  TagImageOptions,
} from '../image-api.js';
import { parseDescriptor } from '../oci/descriptor.js';
import type { OciImage } from '../oci/image-config.js';
import { type ImageStep, layerHistory } from '../oci/layer-history.js';
import type { ImageParts } from '../parts.js';
import { pruneImages } from '../prune/prune-images.js';
import { normalizeReference } from '../reference/reference.js';
import { findImage } from '../store/find-image.js';
import { incomplete } from '../store/image-facts.js';
import { type ImageUsage, imageUsage } from '../usage/image-usage.js';
import type { Defaults } from './defaults.js';

/** Images whose facts are read at once by a list. */
const listConcurrency = 8;

/** What is said of images that are in the daemon, and what they are called. */
export function recordOperations(parts: ImageParts, defaults: Defaults) {
  const { images, facts } = parts;

  return {
    getImage: onSubject<ImageCall, ImageInfo>(async (reference, options) => {
      const platform = defaults.platform(options);
      const record = await findImage(images, reference, options);
      return await defaults.info(record, platform, options.signal);
    }),
    listImages: onOptions<ListImagesOptions, readonly ImageInfo[]>(async (options) => {
      const { filters = [], signal } = options;
      const platform = defaults.platform(options);
      const records = [...(await images.list(filters, { signal }))];
      records.sort((a, b) => (a.name < b.name ? -1 : 1));
      return await mapConcurrently(records, listConcurrency, (record) =>
        defaults.info(record, platform, signal),
      );
    }),
    getOciImage: onSubject<ImageCall, OciImage>(async (reference, options) => {
      const { signal } = options;
      const platform = defaults.platform(options);
      const { name, target } = await findImage(images, reference, { signal });
      try {
        return (await facts.read(target, platform, { signal })).image;
      } catch (error) {
        throw incomplete(name, toCtrdError(error));
      }
    }),
    imageHistory: onSubject<ImageCall, readonly ImageStep[]>(async (reference, options) => {
      const { signal } = options;
      const platform = defaults.platform(options);
      const { name, target } = await findImage(images, reference, { signal });
      try {
        const { manifest, image } = await facts.read(target, platform, { signal });
        return layerHistory(manifest, image);
      } catch (error) {
        throw incomplete(name, toCtrdError(error));
      }
    }),
    imageUsage: onOptions<ImageUsageOptions, readonly ImageUsage[]>(async (options) => {
      const { signal } = options;
      return await imageUsage(parts, { snapshotter: await defaults.snapshotter(options), signal });
    }),
    pruneImages: onOptions<PruneImagesOptions, readonly PrunedImage[]>(async (options) => {
      const { which = 'dangling', olderThanMs = 0, filters = [], signal } = options;
      const { dryRun = false, sync = true } = options;
      if (which !== 'dangling' && which !== 'unused') {
        throw invalidArgument('which', 'be dangling or unused', which);
      }
      if (!(Number.isFinite(olderThanMs) && olderThanMs >= 0)) {
        throw invalidArgument('olderThanMs', 'be a number of at least 0', olderThanMs);
      }
      const before = new Date(Date.now() - olderThanMs);
      const unused = which === 'unused';
      const removed = await pruneImages(parts, { unused, before, filters, dryRun, sync, signal });
      return removed.map(({ name, target }) => ({ name, digest: target.digest }));
    }),
    removeImage: onSubject<RemoveImageOptions, void>(async (reference, options) => {
      const { sync = false, signal } = options;
      const { name } = await findImage(images, reference, { signal });
      await images.delete(name, sync, { signal });
    }),
    tagImage: onSubject<TagImageOptions, ImageInfo>(async (reference, options) => {
      const { overwrite = false, signal } = options;
      if (typeof options.name !== 'string') {
        throw invalidArgument('name', 'be a reference', options.name);
      }
      const name = normalizeReference(options.name);
      const { target, labels } = await findImage(images, reference, { signal });
      const record = overwrite
        ? (await images.put({ name, target, labels }, { signal })).record
        : await images.create({ name, target, labels }, { signal });
      return await defaults.info(record, parts.platform, signal);
    }),
    createImageReference: onSubject<CreateImageReferenceOptions, ImageInfo>(
      async (reference, { target, labels, signal }) => {
        const name = normalizeReference(reference);
        const record = await images.create(
          { name, target: parseDescriptor(target, 'target'), labels },
          { signal },
        );
        return await defaults.info(record, parts.platform, signal);
      },
    ),
  };
}
