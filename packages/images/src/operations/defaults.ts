import { toCtrdError } from '@ctrd/core';
import { type ImageInfo, imageInfo } from '../image.js';
import { type Platform, parsePlatform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { incomplete } from '../store/image-facts.js';
import type { ImageRecord } from '../store/image-store.js';

/** What the operations make of what a call leaves out, and of a record. */
export interface Defaults {
  /** Throws `invalid-argument`. */
  platform(options: { readonly platform?: string | undefined }): Platform;
  snapshotter(options: {
    readonly snapshotter?: string | undefined;
    readonly signal: AbortSignal;
  }): Promise<string>;
  /** A record with its facts, or with why it has none. */
  info(record: ImageRecord, platform: Platform, signal: AbortSignal): Promise<ImageInfo>;
}

export function createDefaults({ platform, defaultSnapshotter, facts }: ImageParts): Defaults {
  return {
    platform: (options) =>
      options.platform === undefined ? platform : parsePlatform(options.platform),
    async snapshotter({ snapshotter, signal }) {
      return snapshotter ?? (await defaultSnapshotter.name({ signal }));
    },
    async info(record, wanted, signal) {
      try {
        return imageInfo(record, await facts.read(record.target, wanted, { signal }));
      } catch (error) {
        if (signal.aborted) throw error;
        return imageInfo(record, { problem: incomplete(record.name, toCtrdError(error)) });
      }
    },
  };
}
