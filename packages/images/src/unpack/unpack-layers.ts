import { randomBytes } from 'node:crypto';
import { Diff } from '@ctrd/api/services/diff/v1';
import { Snapshots } from '@ctrd/api/services/snapshots/v1';
import {
  CtrdError,
  hasCode,
  type Leases,
  type Report,
  type Rpc,
  throwIfAborted,
  toCtrdError,
  withDeadline,
} from '@ctrd/core';
import type { ContentStore } from '../content/content-store.js';
import type { KeyedLock } from '../content/keyed-lock.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { Manifest } from '../oci/manifest.js';
import { isLayerType } from '../oci/media-types.js';
import { snapshotGcLabel, uncompressedLabel } from '../store/gc-labels.js';
import { descriptorMessage } from '../store/image-store.js';
import { chainIds } from './chain-id.js';
import { hasSnapshot } from './has-snapshot.js';

/** What unpacking works with. */
export interface UnpackParts {
  readonly rpc: Rpc;
  readonly content: ContentStore;
  readonly leases: Pick<Leases, 'add'>;
  readonly locks: KeyedLock;
  readonly report: Report;
}

export interface UnpackJob {
  readonly manifest: Manifest;
  readonly diffIds: readonly string[];
  readonly snapshotter: string;
  /** Holds what is made until something refers to it. */
  readonly lease: string;
  readonly signal: AbortSignal;
  /** Resolves when a layer's blob is there. Default: all of them are. */
  readonly ready?: ((layer: Descriptor) => Promise<unknown>) | undefined;
  readonly onUnpacked?: ((layer: Descriptor) => void) | undefined;
}

/** How long removing a snapshot may take after a failure. */
const undoTimeoutMs = 30_000;

/**
 * Makes the committed snapshots of an image's layers, the lowest first; those that are there already
 * stay as they are. Answers the chain id of all of them, which is empty for an image of no layer.
 *
 * Throws `data-loss` (reason `diff-id`) for a layer whose content is not what the config says, and
 * `not-found` for one whose blob is missing.
 */
export async function unpackLayers(parts: UnpackParts, job: UnpackJob): Promise<string> {
  const { manifest, diffIds, snapshotter, signal, lease } = job;
  const { content, locks, rpc } = parts;
  const layers = manifest.layers.filter(({ mediaType }) => isLayerType(mediaType));
  if (layers.length !== diffIds.length) {
    throw new CtrdError(`the image has ${layers.length} layers, its config ${diffIds.length}`, {
      code: 'data-loss',
      reason: 'malformed',
      subject: manifest.config.digest,
    });
  }
  const chain = chainIds(diffIds);
  for (const [index, layer] of layers.entries()) {
    const chainId = chain[index] ?? '';
    const step = { layer, chainId, parent: chain[index - 1] ?? '', diffId: diffIds[index] ?? '' };
    await job.ready?.(layer);
    await locks.run(`${rpc.namespace} ${snapshotter} ${chainId}`, signal, () =>
      unpackLayer(parts, job, step),
    );
    await content.label(layer.digest, { [uncompressedLabel]: step.diffId }, { signal, lease });
    job.onUnpacked?.(layer);
  }
  const top = chain.at(-1) ?? '';
  if (top !== '') {
    const labels = { [snapshotGcLabel(snapshotter)]: top };
    await content.label(manifest.config.digest, labels, { signal, lease });
  }
  return top;
}

interface Step {
  readonly layer: Descriptor;
  readonly chainId: string;
  readonly parent: string;
  readonly diffId: string;
}

/** How often a snapshot that is there, and gone when it is to be leased, is made again. */
const mostAttempts = 3;

async function unpackLayer(parts: UnpackParts, job: UnpackJob, step: Step): Promise<void> {
  const { snapshotter, lease, signal } = job;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await makeSnapshot(parts, job, step);
    } catch (error) {
      if (!hasCode(error, 'already-exists') || attempt > mostAttempts) throw error;
    }
    // Whoever made it may hold it no longer, and containerd before 1.6.32 and 1.7.17 does not lease
    // what it finds: only what is leased, and there afterwards, stays.
    const resource = { type: `snapshots/${snapshotter}`, id: step.chainId };
    await parts.leases.add(lease, resource, { signal });
    if (await hasSnapshot(parts.rpc, { snapshotter, key: step.chainId, signal })) return;
  }
}

/** Throws `already-exists` when the snapshot is there. */
async function makeSnapshot(parts: UnpackParts, job: UnpackJob, step: Step): Promise<void> {
  const { snapshotter, signal, lease } = job;
  const { layer, chainId, parent, diffId } = step;
  const snapshots = parts.rpc.client(Snapshots, { lease });
  const key = `extract-${randomBytes(6).toString('hex')} ${chainId}`;
  // With this label the daemon looks for the snapshot first.
  const labels = { 'containerd.io/snapshot.ref': chainId };
  throwIfAborted(signal);
  try {
    const { mounts } = await snapshots.prepare({ snapshotter, key, parent, labels }, { signal });
    const { applied } = await parts.rpc
      .client(Diff, { lease })
      .apply({ diff: descriptorMessage(layer), mounts }, { signal, role: 'stream' });
    if (applied?.digest !== diffId) {
      throw new CtrdError(`the layer unpacks to ${applied?.digest}, its config says ${diffId}`, {
        code: 'data-loss',
        reason: 'diff-id',
        subject: layer.digest,
      });
    }
    await snapshots.commit({ snapshotter, name: chainId, key, labels }, { signal });
  } catch (error) {
    await removeAfter(parts, job, key);
    throw error;
  }
}

/** Also after an abort, when the daemon may have made it all the same. */
async function removeAfter({ rpc, report }: UnpackParts, job: UnpackJob, key: string) {
  const { snapshotter } = job;
  try {
    await withDeadline(undoTimeoutMs, (signal) =>
      rpc.client(Snapshots).remove({ snapshotter, key }, { signal }),
    );
  } catch (error) {
    if (hasCode(error, 'not-found')) return;
    report({
      source: `undoing: unpack of ${job.manifest.config.digest}`,
      error: toCtrdError(error),
    });
  }
}
