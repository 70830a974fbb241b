import { randomBytes } from 'node:crypto';
import { Diff } from '@ctrd/api/services/diff/v1';
import {
  CtrdError,
  checkLabels,
  invalidArgument,
  type MountSpec,
  type Owner,
  onSubject,
  ownerLabel,
  type Rpc,
  type Running,
  withDeadline,
} from '@ctrd/core';
import type { SnapshotStore, StorePlace } from '../snapshot-store.js';
import { checkKey, checkLease } from '../validate.js';
import type { ApplyDiffOptions, DiffSnapshotOptions, Layer } from './diff-api.js';

interface Parts {
  readonly rpc: Rpc;
  readonly store: SnapshotStore;
  readonly owner: Owner;
}

type PlaceOf = (options: Running<DiffSnapshotOptions>) => Promise<StorePlace>;

const gzipLayer = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** How long removing a view may take. */
const undoTimeoutMs = 30_000;

/** The methods of `DiffAPIClient`. */
export function diffOperations({ rpc, store, owner }: Parts, placeOf: PlaceOf) {
  /** Runs while a committed snapshot is seen through a view; without one, there are no mounts. */
  async function viewed<T>(
    parent: string,
    place: StorePlace,
    use: (mounts: readonly MountSpec[]) => Promise<T>,
  ): Promise<T> {
    if (parent === '') return await use([]);
    const key = `ctrd-diff-${randomBytes(9).toString('base64url')}`;
    const labels = { 'containerd.io/gc.root': new Date().toISOString(), [ownerLabel]: owner.id };
    const mounts = await store.view(key, parent, labels, place);
    try {
      return await use(mounts);
    } finally {
      await withDeadline(undoTimeoutMs, (signal) => store.remove(key, { ...place, signal }));
    }
  }

  return {
    diffSnapshot: onSubject<DiffSnapshotOptions, Layer>(async (key, options) => {
      checkKey(key);
      const { mediaType = gzipLayer, labels = {}, lease, signal } = options;
      checkLabels('labels', labels);
      checkLease(lease);
      const place = await placeOf(options);
      const { kind, parent } = await store.stat(key, place);
      const kept = lease === undefined ? { 'containerd.io/gc.root': new Date().toISOString() } : {};
      const write = async (left: readonly MountSpec[], right: readonly MountSpec[]) => {
        const { diff } = await rpc.client(Diff, { lease }).diff(
          {
            ...{ left: left.map(message), right: right.map(message), mediaType },
            ref: `ctrd-diff-${randomBytes(9).toString('base64url')}`,
            labels: { ...kept, ...labels },
          },
          { signal, role: 'stream' },
        );
        return layerOf(diff, key);
      };
      return await viewed(parent, place, async (left) =>
        kind === 'committed'
          ? viewed(key, place, (right) => write(left, right))
          : write(left, await store.mounts(key, place)),
      );
    }),
    applyDiff: onSubject<ApplyDiffOptions, Layer>(async (key, options) => {
      checkKey(key);
      checkLayer(options.layer);
      const { mediaType, digest, size } = options.layer;
      const { signal } = options;
      const mounts = await store.mounts(key, await placeOf(options));
      const { applied } = await rpc.client(Diff).apply(
        {
          diff: { mediaType, digest, size: BigInt(size), annotations: {} },
          mounts: mounts.map(message),
        },
        { signal, role: 'stream' },
      );
      return layerOf(applied, digest);
    }),
  };
}

const message = (mount: MountSpec) => ({ ...mount, options: [...mount.options] });

function layerOf(
  descriptor: { mediaType: string; digest: string; size: bigint } | undefined,
  subject: string,
): Layer {
  if (descriptor === undefined) {
    throw new CtrdError('the answer has no layer', { code: 'internal', subject });
  }
  const { mediaType, digest, size } = descriptor;
  return { mediaType, digest, size: Number(size) };
}

function checkLayer(layer: Layer): void {
  const { mediaType, digest, size } = layer ?? {};
  if (typeof mediaType !== 'string' || mediaType === '') {
    throw invalidArgument('layer.mediaType', 'be a media type', mediaType);
  }
  if (typeof digest !== 'string' || !/^sha(256:[a-f0-9]{64}|512:[a-f0-9]{128})$/.test(digest)) {
    throw invalidArgument('layer.digest', 'be a sha256 or sha512 digest', digest);
  }
  if (!Number.isSafeInteger(size) || size < 0) {
    throw invalidArgument('layer.size', 'be a whole number of at least 0', size);
  }
}
