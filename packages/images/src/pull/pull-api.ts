import type { CtrdError } from '@ctrd/core';
import type { ImageCall } from '../image-api.js';
import type { Credentials } from '../registry/credentials.js';

/** Options of `pullImage`. */
export interface PullImageOptions extends ImageCall {
  /** Fetches what the image has for every platform; only `platform` is unpacked. Default: false. */
  readonly allPlatforms?: boolean | undefined;
  /** Fetches indexes, manifests and configs, but no layers; nothing is unpacked. Default: false. */
  readonly metadataOnly?: boolean | undefined;
  /** Who pulls. They go to the registry itself, never to a mirror. Default: the client's source. */
  readonly credentials?: Credentials | undefined;
  /**
   * Is told how the pull goes on: each change of a status, and of the bytes at most ten times a
   * second for each blob. What it throws is reported and does not end the pull.
   */
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Whether to make snapshots of the layers. Default: true. */
  readonly unpack?: boolean | undefined;
  /** Where to unpack. Default: the client's. */
  readonly snapshotter?: string | undefined;
  /** Labels of the record. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Blobs that are fetched at once. Default: 4. */
  readonly concurrency?: number | undefined;
}

/**
 * What becomes of the image (`resolving`, `resolved`, `done`) and of each blob (`waiting`,
 * `downloading`, `unpacking`, `done`; `exists` when it was in the daemon before). An image is `done`
 * when all of it is, and never after a failure.
 */
export type PullStatus =
  | 'resolving'
  | 'resolved'
  | 'waiting'
  | 'downloading'
  | 'exists'
  | 'unpacking'
  | 'done';

/** One step of a pull. */
export interface PullProgress {
  /** The image's reference, for the pull as a whole, or a blob: `layer-sha256:…`, `config-…`. */
  readonly ref: string;
  readonly status: PullStatus;
  /** Bytes of the blob that are there. Of the image: of all blobs known so far. */
  readonly offset: number;
  /** Bytes that there will be. */
  readonly total: number;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  /** Why the pull failed: in its last event alone, which is the image's. */
  readonly error?: CtrdError | undefined;
}
