import { type Token, token } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';

/** What a policy is asked about: what a reference has turned out to mean, once and for all. */
export interface ImageQuestion {
  /** The normalized reference. */
  readonly reference: string;
  /** What it means. Nothing but this digest will be used, whatever the policy takes its time for. */
  readonly target: Descriptor;
  /** Whether the image comes from a registry or from an archive. */
  readonly origin: 'pull' | 'import';
  readonly evidence: ImageEvidence;
  /** Ends with the call that asks. */
  readonly signal: AbortSignal;
}

/** What stands beside an image where it comes from: the registry (as who pulls it) or the archive. */
export interface ImageEvidence {
  /**
   * The manifest or index of another tag in the image's repository, or `undefined` when there is
   * none. cosign keeps the signature of `sha256:abc…` under the tag `sha256-abc….sig`.
   */
  manifest(tag: string): Promise<{ descriptor: Descriptor; bytes: Uint8Array } | undefined>;
  /** A blob of the same place, compared with its digest. Throws `too-large` beyond 4 MiB. */
  blob(descriptor: Descriptor): Promise<Uint8Array>;
}

/** What a policy answers. Nothing but `allowed: true` lets an image in. */
export type ImageVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly why: string };

/**
 * Decides which images may come in: asked by every pull and import before any layer is unpacked and
 * before a record is made. An error of it is a refusal.
 */
export interface ImagePolicy {
  /** Whether the image may come in. */
  judge(question: ImageQuestion): Promise<ImageVerdict>;
}

export const ImagePolicy: Token<ImagePolicy, 'ImagePolicy'> = token('ImagePolicy', {
  from: 'images() of @ctrd/images',
});

/** The default: whoever may call the client may bring in what they like. */
export const anyImage: ImagePolicy = { judge: async () => ({ allowed: true }) };
