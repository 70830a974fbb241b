import { join } from 'node:path';
import {
  bind,
  DefaultSnapshotter,
  definePlugin,
  ImageSource,
  Rpc,
  RuntimeDir,
  SnapshotSource,
} from '@ctrd/core';
import { snapshotOperations } from './operations.js';
import { createSnapshotSource } from './snapshot-source.js';
import { createSnapshotStore } from './snapshot-store.js';

/** Adds snapshots to a client: the methods of {@link SnapshotAPIClient}. */
export function snapshots() {
  return definePlugin({
    name: 'snapshots',
    requires: [Rpc, DefaultSnapshotter, RuntimeDir],
    uses: [ImageSource],
    provides: [
      bind(SnapshotSource, (parts) =>
        createSnapshotSource(createSnapshotStore(parts.get(Rpc)), () => parts.find(ImageSource)),
      ),
    ],
    setup: (context) => ({
      operations: snapshotOperations({
        rpc: context.get(Rpc),
        store: createSnapshotStore(context.get(Rpc)),
        source: context.get(SnapshotSource),
        images: () => context.find(ImageSource),
        defaultSnapshotter: context.get(DefaultSnapshotter),
        mountFolder: join(context.get(RuntimeDir).path, 'mounts'),
      }),
    }),
  });
}
