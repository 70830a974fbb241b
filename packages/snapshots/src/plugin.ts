import { join } from 'node:path';
import {
  bind,
  Caretakers,
  contribute,
  DefaultSnapshotter,
  definePlugin,
  ImageSource,
  Leases,
  Owner,
  type Resolver,
  Rpc,
  RuntimeDir,
  SnapshotSource,
} from '@ctrd/core';
import { mountCaretaker } from './care/mount-caretaker.js';
import { snapshotCaretaker } from './care/snapshot-caretaker.js';
import { snapshotOperations } from './operations.js';
import type { MountSnapshotOptions, SnapshotAPIClient } from './snapshot-api.js';
import { createSnapshotSource } from './snapshot-source.js';
import { createSnapshotStore } from './snapshot-store.js';

/** Adds snapshots to a client: the methods of {@link SnapshotAPIClient}. */
export function snapshots() {
  return definePlugin({
    name: 'snapshots',
    requires: [Rpc, Leases, Owner, DefaultSnapshotter, RuntimeDir],
    uses: [ImageSource],
    provides: [
      bind(SnapshotSource, (parts) =>
        createSnapshotSource(createSnapshotStore(parts.get(Rpc)), parts.get(Owner), () =>
          parts.find(ImageSource),
        ),
      ),
    ],
    contributes: [
      contribute(Caretakers, (parts) => mountCaretaker(mountsBelow(parts), parts.get(Owner))),
      contribute(Caretakers, (parts) =>
        snapshotCaretaker({
          rpc: parts.get(Rpc),
          store: createSnapshotStore(parts.get(Rpc)),
          leases: parts.get(Leases),
          owner: parts.get(Owner),
        }),
      ),
    ],
    setup: (context) => ({
      operations: snapshotOperations({
        rpc: context.get(Rpc),
        store: createSnapshotStore(context.get(Rpc)),
        images: () => context.find(ImageSource),
        defaultSnapshotter: context.get(DefaultSnapshotter),
        owner: context.get(Owner),
        mountFolder: mountsBelow(context),
      }),
      members: {
        async withMounts<T>(
          key: string,
          use: (path: string) => Promise<T>,
          options: MountSnapshotOptions = {},
        ): Promise<T> {
          await using mount = await context.client<SnapshotAPIClient>().mountSnapshot(key, options);
          return await use(mount.path);
        },
      },
    }),
  });
}

/** Where snapshots are mounted. */
function mountsBelow(parts: Resolver): string {
  return join(parts.get(RuntimeDir).path, 'mounts');
}
