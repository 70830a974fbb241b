import {
  checkLabels,
  invalidArgument,
  onOptions,
  onSubject,
  type Running,
  sequence,
  toCtrdError,
} from '@ctrd/core';
import { importImages } from './archive/import-image.js';
import { commitImage } from './commit/commit-image.js';
import { commitSource } from './commit/commit-source.js';
import { checkChanges, checkCommit } from './commit/image-changes.js';
import { mapConcurrently } from './concurrent.js';
import { exportImages } from './export/export-images.js';
import { type ImageInfo, imageInfo } from './image.js';
import type {
  CommitImageOptions,
  CreateImageReferenceOptions,
  ExportImageOptions,
  ImageCall,
  ImageUsageOptions,
  ImportImageOptions,
  ListImagesOptions,
  PrunedImage,
  PruneImagesOptions,
  PushImageOptions,
  RemoveImageOptions,
  TagImageOptions,
  UnpackImageOptions,
} from './image-api.js';
import { parseDescriptor } from './oci/descriptor.js';
import type { OciImage } from './oci/image-config.js';
import { type ImageStep, layerHistory } from './oci/layer-history.js';
import { type Platform, parsePlatform } from './oci/platform.js';
import type { ImageParts } from './parts.js';
import { pruneImages } from './prune/prune-images.js';
import { createProgress } from './pull/progress.js';
import type { PullImageOptions } from './pull/pull-api.js';
import type { Puller } from './pull/puller.js';
import { pushImage } from './push/push-image.js';
import type { PushedImage } from './push/push-progress.js';
import { completeReference, normalizeReference, parseReference } from './reference/reference.js';
import { findImage } from './store/find-image.js';
import { incomplete } from './store/image-facts.js';
import type { ImageRecord } from './store/image-store.js';
import { unpackImage } from './unpack/unpack-image.js';
import { type ImageUsage, imageUsage } from './usage/image-usage.js';

/** Images whose facts are read at once by a list. */
const listConcurrency = 8;

/** The methods of `ImageAPIClient` on images that are in the daemon. */
export function imageOperations(parts: ImageParts, puller: Puller) {
  const { images, facts } = parts;

  function platformOf({ platform }: { platform?: string | undefined }): Platform {
    return platform === undefined ? parts.platform : parsePlatform(platform);
  }

  async function snapshotterOf({ snapshotter, signal }: Running<UnpackImageOptions>) {
    return snapshotter ?? (await parts.defaultSnapshotter.name({ signal }));
  }

  async function infoOf(record: ImageRecord, platform: Platform, signal: AbortSignal) {
    try {
      return imageInfo(record, await facts.read(record.target, platform, { signal }));
    } catch (error) {
      if (signal.aborted) throw error;
      return imageInfo(record, { problem: incomplete(record.name, toCtrdError(error)) });
    }
  }

  return {
    getImage: onSubject<ImageCall, ImageInfo>(async (reference, options) => {
      const platform = platformOf(options);
      const record = await findImage(images, reference, options);
      return await infoOf(record, platform, options.signal);
    }),
    listImages: onOptions<ListImagesOptions, readonly ImageInfo[]>(async (options) => {
      const { filters = [], signal } = options;
      const platform = platformOf(options);
      const records = [...(await images.list(filters, { signal }))];
      records.sort((a, b) => (a.name < b.name ? -1 : 1));
      return await mapConcurrently(records, listConcurrency, (record) =>
        infoOf(record, platform, signal),
      );
    }),
    getOciImage: onSubject<ImageCall, OciImage>(async (reference, options) => {
      const { signal } = options;
      const platform = platformOf(options);
      const { name, target } = await findImage(images, reference, { signal });
      try {
        return (await facts.read(target, platform, { signal })).image;
      } catch (error) {
        throw incomplete(name, toCtrdError(error));
      }
    }),
    imageHistory: onSubject<ImageCall, readonly ImageStep[]>(async (reference, options) => {
      const { signal } = options;
      const platform = platformOf(options);
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
      return await imageUsage(parts, { snapshotter: await snapshotterOf(options), signal });
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
    importImage: onOptions<ImportImageOptions, readonly ImageInfo[]>(
      async (options) => {
        const { source, name, unpack = true, labels = {}, onBytes, signal } = options;
        const platform = platformOf(options);
        if (name !== undefined) normalizeReference(name);
        const snapshotter = unpack ? await snapshotterOf(options) : undefined;
        return await importImages(parts, {
          ...{ source, name, platform, snapshotter, labels, onBytes, signal },
        });
      },
      ({ name }) => name,
    ),
    exportImage: sequence<ExportImageOptions, Uint8Array>((options) => {
      const { references, platform, allPlatforms = false, signal } = options;
      if (!Array.isArray(references) || references.length === 0) {
        throw invalidArgument('references', 'be a list of at least one reference', references);
      }
      const wanted = platform === undefined ? undefined : parsePlatform(platform);
      return exportImages(parts, { references, platform: wanted, allPlatforms, signal });
    }),
    pullImage: onSubject<PullImageOptions, ImageInfo>(async (reference, options) => {
      const { credentials, labels = {}, concurrency = 4, onProgress, signal } = options;
      const { allPlatforms = false, metadataOnly = false, unpack = !metadataOnly } = options;
      const name = normalizeReference(reference);
      const platform = platformOf(options);
      checkLabels('labels', labels);
      if (!Number.isInteger(concurrency) || concurrency < 1) {
        throw invalidArgument('concurrency', 'be a whole number above 0', concurrency);
      }
      if (metadataOnly && unpack) {
        throw invalidArgument('unpack', 'not be set with metadataOnly: there are no layers');
      }
      const snapshotter = unpack ? await snapshotterOf(options) : undefined;
      const progress = createProgress(name, onProgress, parts.report);
      try {
        await puller.pull({
          ...{ reference: name, platform, allPlatforms, metadataOnly, snapshotter },
          ...{ credentials, labels, concurrency, progress, signal },
        });
        const record = await images.get(name, { signal });
        progress.image('done');
        return await infoOf(record, platform, signal);
      } catch (error) {
        progress.fail(toCtrdError(error));
        throw error;
      }
    }),
    unpackImage: onSubject<UnpackImageOptions, string>(async (reference, options) => {
      const { signal } = options;
      const platform = platformOf(options);
      const snapshotter = await snapshotterOf(options);
      return await unpackImage(parts, reference, { snapshotter, platform, signal });
    }),
    commitImage: onSubject<CommitImageOptions, ImageInfo>(async (reference, options) => {
      const { changes = {}, compression = 'gzip', unpack = true, labels = {}, signal } = options;
      const { created = new Date(), createdBy, author, comment } = options;
      const name = normalizeReference(reference);
      if (options.base !== undefined) parseReference(options.base);
      checkChanges(changes);
      checkLabels('labels', labels);
      checkCommit({ created, compression });
      const platform = platformOf(options);
      const source = await commitSource(parts.rpc, options, () => snapshotterOf(options), signal);
      return await commitImage(parts, {
        ...{ name, source, changes, compression, unpack, labels, platform, signal },
        facts: { created, createdBy, author, comment },
      });
    }),
    pushImage: onSubject<PushImageOptions, PushedImage>(async (reference, options) => {
      const { to = reference, platform, credentials, signal } = options;
      const { concurrency = 3, chunkBytes, onProgress = () => {} } = options;
      checkCount('concurrency', concurrency);
      if (chunkBytes !== undefined) checkCount('chunkBytes', chunkBytes);
      return await pushImage(parts, {
        ...{ reference, credentials, concurrency, chunkBytes, onProgress, signal },
        to: completeReference(parseReference(to)),
        platform: platform === undefined ? undefined : parsePlatform(platform),
      });
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
      return await infoOf(record, parts.platform, signal);
    }),
    createImageReference: onSubject<CreateImageReferenceOptions, ImageInfo>(
      async (reference, { target, labels, signal }) => {
        const name = normalizeReference(reference);
        const record = await images.create(
          { name, target: parseDescriptor(target, 'target'), labels },
          { signal },
        );
        return await infoOf(record, parts.platform, signal);
      },
    ),
  };
}

function checkCount(field: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw invalidArgument(field, 'be a whole number above 0', value);
}
