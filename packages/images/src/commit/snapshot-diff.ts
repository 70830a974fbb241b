import { randomBytes } from 'node:crypto';
import { Diff } from '@ctrd/api/services/diff/v1';
import { Kind, Snapshots } from '@ctrd/api/services/snapshots/v1';
import {
  CtrdError,
  createRollback,
  hasCode,
  type MountSpec,
  type Rollback,
  uninterrupted,
} from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import { mediaTypes } from '../oci/media-types.js';
import type { ImageParts } from '../parts.js';
import { uncompressedLabel } from '../store/gc-labels.js';

/** A layer that is in the content store, and the digest of its content without compression. */
export interface SnapshotLayer {
  readonly blob: Descriptor;
  readonly diffId: string;
}

export interface DiffJob {
  readonly snapshotter: string;
  readonly key: string;
  /** The chain id of the base; empty for none. */
  readonly below: string;
  readonly compression: 'gzip' | 'none';
  readonly lease: string;
  readonly signal: AbortSignal;
}

/** Snapshots between a snapshot and its base. */
const maxDistance = 500;

/**
 * What a snapshot has changed since its base, as a layer, by the daemon's diff service. Views that
 * this takes are gone afterwards, and after a failure the layer that was begun as well.
 *
 * Throws `failed-precondition` (reason `base`) when the snapshot does not stand on the base.
 */
export async function snapshotDiff(parts: ImageParts, job: DiffJob): Promise<SnapshotLayer> {
  const { rpc, content, report } = parts;
  const { snapshotter, key, below, compression, lease, signal } = job;
  await using views = createRollback(report);
  const kind = await checkBase(parts, job);
  const upper =
    kind === Kind.COMMITTED
      ? await viewOf(parts, job, key, views)
      : (await rpc.client(Snapshots).mounts({ snapshotter, key }, { signal })).mounts;
  const lower = below === '' ? [] : await viewOf(parts, job, below, views);

  const ref = `commit-${randomBytes(9).toString('base64url')}`;
  await using begun = createRollback(report);
  begun.add(`ingest ${ref}`, (limit) => content.abort(ref, { signal: limit }));
  const mediaType = compression === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayer;
  const { diff } = await rpc
    .client(Diff, { lease })
    .diff(
      { left: mounts(lower), right: mounts(upper), mediaType, ref },
      { signal, role: 'stream' },
    );
  begun.commit();

  const { digest, size, labels } = await content.info(diff?.digest ?? '', { signal, lease });
  const diffId = compression === 'gzip' ? labels[uncompressedLabel] : digest;
  if (diffId === undefined) {
    throw new CtrdError('the daemon does not say what the layer is without compression', {
      code: 'unimplemented',
      subject: digest,
    });
  }
  return { blob: { mediaType, digest, size }, diffId };
}

/** The kind of the snapshot, once it is known to stand on the base. */
async function checkBase({ rpc }: ImageParts, job: DiffJob): Promise<Kind> {
  const { snapshotter, key, below, signal } = job;
  const stat = async (name: string) =>
    (await rpc.client(Snapshots).stat({ snapshotter, key: name }, { signal })).info;
  const top = await stat(key);
  for (let at = top, steps = 0; at !== undefined && steps < maxDistance; steps++) {
    if (at.parent === below || (at.name === below && at.kind === Kind.COMMITTED)) {
      return top?.kind ?? Kind.UNKNOWN;
    }
    if (at.parent === '') break;
    at = await stat(at.parent);
  }
  throw new CtrdError('the snapshot does not stand on the layers of the base image: name its own', {
    code: 'failed-precondition',
    reason: 'base',
    subject: key,
  });
}

/** The mounts of a committed snapshot, read-only. */
async function viewOf(
  { rpc }: ImageParts,
  { snapshotter, lease, signal }: DiffJob,
  parent: string,
  views: Rollback,
): Promise<readonly MountSpec[]> {
  const key = `commit-${randomBytes(9).toString('base64url')}`;
  views.add(`snapshot ${key}`, async (limit) => {
    try {
      await rpc.client(Snapshots).remove({ snapshotter, key }, { signal: limit });
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
    }
  });
  const made = await uninterrupted(signal, (limit) =>
    rpc.client(Snapshots, { lease }).view({ snapshotter, key, parent }, { signal: limit }),
  );
  return made.mounts;
}

function mounts(list: readonly MountSpec[]) {
  return list.map(({ type, source, target, options }) => ({
    ...{ type, source, target },
    options: [...options],
  }));
}
