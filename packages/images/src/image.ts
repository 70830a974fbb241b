import { type CtrdError, toCtrdError } from '@ctrd/core';
import type { Descriptor } from './oci/descriptor.js';
import type { Platform } from './oci/platform.js';
import { parseReference } from './reference/reference.js';
import type { ImageFacts } from './store/image-facts.js';
import type { ImageRecord } from './store/image-store.js';

/** An image of the daemon, and what it is on one platform. */
export interface ImageInfo {
  /** The record's name: a normalized reference. */
  readonly name: string;
  /** What the name means: an index or a manifest. */
  readonly target: Descriptor;
  /** The record's labels, not those of the image's config. */
  readonly labels: Readonly<Record<string, string>>;
  /** When the record was made. */
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** `name:tag`; empty when the record is named by a digest. */
  readonly repoTags: readonly string[];
  /** `name@digest`. */
  readonly repoDigests: readonly string[];
  /** What it is on the platform asked for. */
  readonly details: ImageDetails | undefined;
  /** Why there are no details: parts are missing, or there is nothing for the platform. */
  readonly problem: CtrdError | undefined;
}

/** What the manifest and the config of an image say of it. */
export interface ImageDetails {
  /** The config's digest, which Docker calls the image's id. */
  readonly id: string;
  /** The manifest's digest. */
  readonly digest: string;
  readonly platform: Platform;
  /** Bytes of manifest, config and layers as they are stored: mostly compressed. */
  readonly size: number;
  /** RFC 3339, as the image says it. */
  readonly created: string | undefined;
  /** The snapshot that the layers unpack to; empty for an image of no layer. */
  readonly chainId: string;
}

export function imageInfo(
  record: ImageRecord,
  facts: ImageFacts | { problem: unknown },
): ImageInfo {
  const { name, target, labels, createdAt, updatedAt } = record;
  return {
    ...{ name, target, labels, createdAt, updatedAt },
    ...repoNames(record),
    ...('problem' in facts
      ? { details: undefined, problem: toCtrdError(facts.problem) }
      : { details: detailsOf(facts), problem: undefined }),
  };
}

function detailsOf({ descriptor, manifest, image, chainId }: ImageFacts): ImageDetails {
  const blobs = [descriptor, manifest.config, ...manifest.layers];
  return {
    id: manifest.config.digest,
    digest: descriptor.digest,
    platform: image.platform,
    size: blobs.reduce((sum, { size }) => sum + size, 0),
    created: image.created,
    chainId,
  };
}

/** Other clients name records as they like; one that is no reference has neither. */
function repoNames({ name, target }: ImageRecord): Pick<ImageInfo, 'repoTags' | 'repoDigests'> {
  try {
    const { domain, path, digest } = parseReference(name);
    return {
      repoTags: digest === undefined ? [name] : [],
      repoDigests: [`${domain}/${path}@${digest ?? target.digest}`],
    };
  } catch {
    return { repoTags: [], repoDigests: [] };
  }
}
