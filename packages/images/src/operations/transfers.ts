import {
  checkLabels,
  invalidArgument,
  onOptions,
  onSubject,
  sequence,
  toCtrdError,
} from '@ctrd/core';
import { importImages } from '../archive/import-image.js';
import { commitImage } from '../commit/commit-image.js';
import { commitSource } from '../commit/commit-source.js';
import { checkChanges, checkCommit } from '../commit/image-changes.js';
import { exportImages } from '../export/export-images.js';
import type { ImageInfo } from '../image.js';
import type {
  CommitImageOptions,
  ExportImageOptions,
  ImportImageOptions,
  PushImageOptions,
  UnpackImageOptions,
} from '../image-api.js';
import { parsePlatform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { createProgress } from '../pull/progress.js';
import type { PullImageOptions } from '../pull/pull-api.js';
import type { Puller } from '../pull/puller.js';
import { pushImage } from '../push/push-image.js';
import { type PushedImage, toldOf } from '../push/push-progress.js';
import { completeReference, normalizeReference, parseReference } from '../reference/reference.js';
import { unpackImage } from '../unpack/unpack-image.js';
import type { Defaults } from './defaults.js';

/** How images come and go: registries, archives, and what containers have changed. */
export function transferOperations(parts: ImageParts, puller: Puller, defaults: Defaults) {
  return {
    pullImage: onSubject<PullImageOptions, ImageInfo>(async (reference, options) => {
      const { credentials, labels = {}, concurrency = 4, onProgress, signal } = options;
      const { allPlatforms = false, metadataOnly = false, unpack = !metadataOnly } = options;
      const name = normalizeReference(reference);
      const platform = defaults.platform(options);
      checkLabels('labels', labels);
      checkCount('concurrency', concurrency);
      if (metadataOnly && unpack) {
        throw invalidArgument('unpack', 'not be set with metadataOnly: there are no layers');
      }
      const snapshotter = unpack ? await defaults.snapshotter(options) : undefined;
      const progress = createProgress(name, onProgress, parts.report);
      try {
        await puller.pull({
          ...{ reference: name, platform, allPlatforms, metadataOnly, snapshotter },
          ...{ credentials, labels, concurrency, progress, signal },
        });
        const record = await parts.images.get(name, { signal });
        progress.image('done');
        return await defaults.info(record, platform, signal);
      } catch (error) {
        progress.fail(toCtrdError(error));
        throw error;
      }
    }),
    pushImage: onSubject<PushImageOptions, PushedImage>(async (reference, options) => {
      const { to = reference, platform, credentials, signal } = options;
      const { concurrency = 3, chunkBytes } = options;
      checkCount('concurrency', concurrency);
      if (chunkBytes !== undefined) checkCount('chunkBytes', chunkBytes);
      return await pushImage(parts, {
        ...{ reference, credentials, concurrency, chunkBytes, signal },
        onProgress: toldOf(options.onProgress, parts.report),
        to: completeReference(parseReference(to)),
        platform: platform === undefined ? undefined : parsePlatform(platform),
      });
    }),
    importImage: onOptions<ImportImageOptions, readonly ImageInfo[]>(
      async (options) => {
        const { source, name, unpack = true, labels = {}, onBytes, signal } = options;
        const platform = defaults.platform(options);
        if (name !== undefined) normalizeReference(name);
        const snapshotter = unpack ? await defaults.snapshotter(options) : undefined;
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
    commitImage: onSubject<CommitImageOptions, ImageInfo>(async (reference, options) => {
      const { changes = {}, compression = 'gzip', unpack = true, labels = {}, signal } = options;
      const { created = new Date(), createdBy, author, comment } = options;
      const name = normalizeReference(reference);
      if (options.base !== undefined) parseReference(options.base);
      checkChanges(changes);
      checkLabels('labels', labels);
      checkCommit({ created, compression });
      const platform = defaults.platform(options);
      const source = await commitSource(
        parts.rpc,
        options,
        () => defaults.snapshotter(options),
        signal,
      );
      return await commitImage(parts, {
        ...{ name, source, changes, compression, unpack, labels, platform, signal },
        facts: { created, createdBy, author, comment },
      });
    }),
    unpackImage: onSubject<UnpackImageOptions, string>(async (reference, options) => {
      const { signal } = options;
      const platform = defaults.platform(options);
      const snapshotter = await defaults.snapshotter(options);
      return await unpackImage(parts, reference, { snapshotter, platform, signal });
    }),
  };
}

function checkCount(field: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw invalidArgument(field, 'be a whole number above 0', value);
}
