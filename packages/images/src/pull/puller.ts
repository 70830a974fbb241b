import { type Token, token } from '@ctrd/core';
import type { Platform } from '../oci/platform.js';
import type { Credentials } from '../registry/credentials.js';
import type { ProgressTracker } from './progress.js';

/** What is to be pulled, and how. */
export interface PullJob {
  /** Normalized; also the name of the record. */
  readonly reference: string;
  readonly platform: Platform;
  readonly allPlatforms: boolean;
  readonly metadataOnly: boolean;
  /** Where to unpack to; `undefined` unpacks nowhere. */
  readonly snapshotter: string | undefined;
  readonly credentials: Credentials | undefined;
  /** Labels of the record. */
  readonly labels: Readonly<Record<string, string>>;
  /** Blobs that are fetched at once. */
  readonly concurrency: number;
  readonly progress: ProgressTracker;
  readonly signal: AbortSignal;
}

/**
 * Brings an image into the daemon: its content, its snapshots, and last its record. It resolves when
 * all of it is there, and what a failure leaves is nothing but what a later attempt can go on with.
 */
export interface Puller {
  /** Pulls one image. Throws what `pullImage()` throws. */
  pull(job: PullJob): Promise<void>;
}

export const Puller: Token<Puller, 'Puller'> = token('Puller', {
  from: 'images() of @ctrd/images',
});
