import { type Token, token } from '../di/token.js';

/** The part of an OCI image's config that shapes a container. */
export interface ImageRunConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly workingDir: string;
  /** `user[:group]`, names or numbers; empty for root. */
  readonly user: string;
  readonly stopSignal: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
}

/** An image, ready to become a container's root file system. */
export interface ResolvedImage {
  /** The normalized reference, which is the image record's name. */
  readonly reference: string;
  /** Digest of the record's target: an index or a manifest. */
  readonly digest: string;
  /** The chain id of all layers: the name of the committed snapshot. Empty for an image of no layer. */
  readonly chainId: string;
  readonly config: ImageRunConfig;
}

/** What containers and snapshots need of images; `@ctrd/images` provides it. */
export interface ImageSource {
  /** The image's facts for this platform. Throws `not-found`. */
  resolve(reference: string, options: { signal: AbortSignal }): Promise<ResolvedImage>;
  /** Makes the committed snapshots of the image's layers, unless they are there already. */
  unpack(reference: string, options: { snapshotter: string; signal: AbortSignal }): Promise<void>;
}

export const ImageSource: Token<ImageSource, 'ImageSource'> = token('ImageSource', {
  from: 'images() of @ctrd/images',
});
