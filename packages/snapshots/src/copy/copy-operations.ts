import { Containers } from '@ctrd/api/services/containers/v1';
import {
  CtrdError,
  invalidArgument,
  onOptions,
  type Rpc,
  type Running,
  sequence,
} from '@ctrd/core';
import type { SnapshotCall, SnapshotMount } from '../snapshot-api.js';
import { checkKey } from '../validate.js';
import type { CopyPlace, CopyToOptions } from './copy-api.js';
import { packed } from './pack.js';
import { unpack } from './unpack.js';

/** Mounts a snapshot until the result is disposed. */
type Mount = (
  key: string,
  options: Running<SnapshotCall> & { readonly readOnly: boolean },
) => Promise<SnapshotMount>;

/** The methods of `CopyAPIClient`. */
export function copyOperations(rpc: Rpc, mount: Mount) {
  async function mounted(place: Running<CopyPlace>, readOnly: boolean): Promise<SnapshotMount> {
    const { snapshot, container, path, snapshotter, signal } = place;
    if (typeof path !== 'string' || path === '' || path.includes('\0')) {
      throw invalidArgument('path', 'be a path in the snapshot', path);
    }
    if (container === undefined) {
      checkKey(snapshot ?? '', 'snapshot');
      return await mount(snapshot ?? '', { snapshotter, signal, readOnly });
    }
    if (snapshot !== undefined) {
      throw invalidArgument('snapshot', 'be left out when a container is given', snapshot);
    }
    const at = await snapshotOf(rpc, container, signal);
    return await mount(at.key, { snapshotter: at.snapshotter, signal, readOnly });
  }

  return {
    copyFrom: sequence<CopyPlace, Uint8Array>(async function* (options) {
      await using root = await mounted(options, true);
      yield* packed(root.path, options.path, options.signal);
    }),
    copyTo: onOptions<CopyToOptions, void>(
      async (options) => {
        const { source, path, signal } = options;
        if (typeof source?.[Symbol.asyncIterator] !== 'function') {
          throw invalidArgument('source', 'be a stream or an iterable of bytes', source);
        }
        await using root = await mounted(options, false);
        await unpack(root.path, path, source, signal);
      },
      ({ snapshot, container }) => container ?? snapshot,
    ),
  };
}

async function snapshotOf(rpc: Rpc, id: string, signal: AbortSignal) {
  const { container } = await rpc.client(Containers).get({ id }, { signal });
  const { snapshotKey: key = '', snapshotter = '' } = container ?? {};
  if (key !== '') return { key, snapshotter };
  throw new CtrdError('the container has no snapshot', {
    ...{ code: 'failed-precondition', reason: 'no-snapshot', subject: id },
  });
}
