import type { CallControl } from '@ctrd/core';
import type { ArchiveSource } from './archive/archive-source.js';
import type { ImageChanges } from './commit/image-changes.js';
import type { ImageInfo } from './image.js';
import type { Descriptor } from './oci/descriptor.js';
import type { OciImage } from './oci/image-config.js';
import type { ImageStep } from './oci/layer-history.js';
import type { PullImageOptions } from './pull/pull-api.js';
import type { PushedImage, PushProgress } from './push/push-progress.js';
import type { Credentials } from './registry/credentials.js';
import type { ImageUsage } from './usage/image-usage.js';

type Labels = Readonly<Record<string, string>>;

/** What every image call takes. */
export interface ImageCall extends CallControl {
  /** `linux/arm64`, `linux/arm/v7`. Default: the client's, which by default is this machine's. */
  readonly platform?: string | undefined;
}

/** Which images are listed. */
export interface ListImagesOptions extends ImageCall {
  /** containerd filters, of which one must match: `name~=alpine`, `labels.team==web`. Default: all. */
  readonly filters?: readonly string[] | undefined;
}

/** How an image is removed. */
export interface RemoveImageOptions extends CallControl {
  /** Whether to wait until the daemon has collected what nothing refers to. Default: false. */
  readonly sync?: boolean | undefined;
}

/** An archive, and what is taken of it. */
export interface ImportImageOptions extends ImageCall {
  /**
   * An OCI layout or a Docker archive as a tar file, plain or packed by gzip or zstd: its path or its bytes
   * (a Node stream is an async iterable of them).
   */
  readonly source: ArchiveSource;
  /**
   * Names the image when the archive holds one. Of an archive whose images have only tags, it is
   * the repository. Default: the names in the archive.
   */
  readonly name?: string | undefined;
  /** Whether to make snapshots of the layers. Default: true. */
  readonly unpack?: boolean | undefined;
  /** Where to unpack. Default: the client's. */
  readonly snapshotter?: string | undefined;
  /** Labels of the records. */
  readonly labels?: Labels | undefined;
  /** Is told of every part that was read, in bytes of the files in the archive. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Which images go into an archive. */
export interface ExportImageOptions extends ImageCall {
  /** The images, each of which keeps its name. At least one. */
  readonly references: readonly string[];
  /**
   * The platform of an image that has several. Default: the client's; of an image that has only one,
   * that one.
   */
  readonly platform?: string | undefined;
  /**
   * Whether to export all platforms, and whatever else an index refers to. `platform` is then only
   * the one that Docker gets. Default: false.
   */
  readonly allPlatforms?: boolean | undefined;
}

/** What is unpacked where. */
export interface UnpackImageOptions extends ImageCall {
  /** Default: the client's. */
  readonly snapshotter?: string | undefined;
}

/** What is committed, and what becomes of it. */
export interface CommitImageOptions extends ImageCall {
  /** The container whose file system is committed. This, or `snapshot`. */
  readonly container?: string | undefined;
  /** The snapshot that is committed: active, or committed by `commitSnapshot`. */
  readonly snapshot?: string | undefined;
  /** The snapshot's. Default: the client's; a container has its own. */
  readonly snapshotter?: string | undefined;
  /**
   * The image that the snapshot stands on. Default: a container's own; of a snapshot none: all of
   * its content becomes one layer.
   */
  readonly base?: string | undefined;
  /** What is different in the config. Default: the base's config as it is. */
  readonly changes?: ImageChanges | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  /** For the history: what has made the changes. Default: the container's program. */
  readonly createdBy?: string | undefined;
  /** Default: now. */
  readonly created?: Date | undefined;
  /** How the layer is stored. Default: `gzip`. */
  readonly compression?: 'gzip' | 'none' | undefined;
  /** Whether to make a snapshot of the new layer, for the snapshotter it is from. Default: true. */
  readonly unpack?: boolean | undefined;
  /** Labels of the record, not of the config: those are in `changes`. */
  readonly labels?: Labels | undefined;
}

/** Where an image goes, and as who. */
export interface PushImageOptions extends CallControl {
  /** What it is called in the registry. Default: its own name. */
  readonly to?: string | undefined;
  /**
   * Pushes only the manifest of one platform. Default: what the reference means, an index with all
   * it refers to, so that the digest stays.
   */
  readonly platform?: string | undefined;
  /** For this registry alone. Default: the client's. */
  readonly credentials?: Credentials | undefined;
  /** Blobs that are uploaded at once. Default: 3. */
  readonly concurrency?: number | undefined;
  /**
   * Bytes that one request carries at most, for what stands before a registry and limits them.
   * Default: a blob is one request.
   */
  readonly chunkBytes?: number | undefined;
  /** Is told of each step. What it throws is reported and does not end the push. */
  readonly onProgress?: ((event: PushProgress) => void) | undefined;
}

/** What is counted. */
export interface ImageUsageOptions extends CallControl {
  /** Whose snapshots are counted. Default: the client's. */
  readonly snapshotter?: string | undefined;
}

/** Which images go. */
export interface PruneImagesOptions extends CallControl {
  /**
   * `dangling`: those whose content no tag names; `unused`: all that no container uses. Default:
   * `dangling`.
   */
  readonly which?: 'dangling' | 'unused' | undefined;
  /** Only records that are at least so many milliseconds old. Default: 0. */
  readonly olderThanMs?: number | undefined;
  /** containerd filters, of which one must match. Default: all. */
  readonly filters?: readonly string[] | undefined;
  /** Whether only to say what would be removed. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Whether to wait until the daemon has collected the content. Default: true. */
  readonly sync?: boolean | undefined;
}

/** An image whose record was removed. */
export interface PrunedImage {
  readonly name: string;
  readonly digest: string;
}

/** The new name of an image. */
export interface TagImageOptions extends CallControl {
  /** The further name. */
  readonly name: string;
  /** Whether the name may be taken from another image. Default: false. */
  readonly overwrite?: boolean | undefined;
}

/** What a new name stands for. */
export interface CreateImageReferenceOptions extends CallControl {
  /** A manifest or index in the content store. */
  readonly target: Descriptor;
  readonly labels?: Labels | undefined;
}

/** What `images()` adds to a client. */
export interface ImageAPIClient {
  /** Throws `not-found`. */
  getImage(reference: string, options?: ImageCall): Promise<ImageInfo>;
  /**
   * All images, or those of a filter, by name. One that cannot be read says so in its `problem`, and
   * does not keep the others from being listed.
   */
  listImages(options?: ListImagesOptions): Promise<readonly ImageInfo[]>;
  /**
   * How an image runs, its history and its layers. Throws `not-found`, and `unimplemented` for what
   * is not the image of a container.
   */
  getOciImage(reference: string, options?: ImageCall): Promise<OciImage>;
  /**
   * Pulls an image from its registry. Layers are fetched in parallel, verified, and unpacked as they
   * come. What is there already is not fetched again, and two pulls of one image share their work.
   *
   * It resolves when all of it is there and named. A pull that fails makes no record; what it had
   * fetched when the registry broke off is kept for a day, and the next pull goes on with it.
   *
   * Throws `invalid-argument`; `not-found` (reason `platform` when there is nothing for it);
   * `unauthenticated` (reason `realm` when the registry wants credentials sent elsewhere) and
   * `permission-denied` (reason `policy` when {@link ImagePolicy} refused); `rate-limited`;
   * `unavailable`; `timeout` (reason `idle`) when no byte moves; `data-loss` for what is not what its
   * digest says, `too-large` for what is beyond all measure, `unimplemented` for what is no image.
   */
  pullImage(reference: string, options?: PullImageOptions): Promise<ImageInfo>;
  /** An image's history, the oldest step first, each with the layer that it made. */
  imageHistory(reference: string, options?: ImageCall): Promise<readonly ImageStep[]>;
  /** What the images take of the disk, by name, and what of it each one has alone. */
  imageUsage(options?: ImageUsageOptions): Promise<readonly ImageUsage[]>;
  /**
   * Removes the records of images that nobody uses, and answers which. An image is used when a
   * container has its name, or a snapshot on its layers.
   */
  pruneImages(options?: PruneImagesOptions): Promise<readonly PrunedImage[]>;
  /** Removes the record; the daemon collects the content by and by. Throws `not-found`. */
  removeImage(reference: string, options?: RemoveImageOptions): Promise<void>;
  /**
   * Imports the images of an archive. Nothing is left of an import that fails. Throws
   * `invalid-argument` (field `source`) for what is no archive of images, `data-loss` when it is
   * damaged, and `unimplemented` (reason `compression`) for zstd where nothing unpacks that.
   */
  importImage(options: ImportImageOptions): Promise<readonly ImageInfo[]>;
  /**
   * Images as a tar archive, for a file or another program: an OCI layout that is a Docker
   * archive as well, for podman, skopeo and `docker load`. It comes as it is read; stopping early is fine.
   * Digests stay what they are: an index is exported whole, also when only one platform's content
   * is. Throws `not-found` (reason `incomplete`) before the first byte when something is missing, and
   * `data-loss` in the midst when a blob is not what its digest says.
   */
  exportImage(options: ExportImageOptions): AsyncIterable<Uint8Array>;
  /**
   * Makes snapshots of an image's layers; answers the chain id, the name of the topmost. Throws
   * `not-found` (reason `incomplete`) or `data-loss` when a layer is gone or damaged: pull it again.
   */
  unpackImage(reference: string, options?: UnpackImageOptions): Promise<string>;
  /**
   * Makes an image of what a container or snapshot has changed, on top of the image it stands on. A
   * name that is taken means the new image from now on. Nothing is left of a commit that fails.
   *
   * A running container may write meanwhile: pause it before, and unpause it after.
   *
   * Throws `failed-precondition` (reason `base`) when the snapshot does not stand on the base, such
   * as after its tag has been moved, and `not-found` (reason `incomplete`) when layers of the base
   * are missing.
   */
  commitImage(reference: string, options: CommitImageOptions): Promise<ImageInfo>;
  /**
   * Pushes an image to its registry: only what is missing there, the tag last. Another repository of
   * the registry gives what it has, as far as the daemon knows of it. Broken uploads go on where they
   * were.
   *
   * Throws `not-found` (reason `incomplete`) before anything is sent when content is missing in the
   * daemon; `unauthenticated`, `permission-denied`, `rate-limited` and `unavailable` as the registry
   * says.
   */
  pushImage(reference: string, options?: PushImageOptions): Promise<PushedImage>;
  /** Gives an image one more name. Throws `not-found`, `already-exists`. */
  tagImage(reference: string, options: TagImageOptions): Promise<ImageInfo>;
  /** Makes a record for content that is there already. Throws `already-exists`. */
  createImageReference(reference: string, options: CreateImageReferenceOptions): Promise<ImageInfo>;
}
