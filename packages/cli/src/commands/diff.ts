import { randomUUID } from 'node:crypto';
import { CtrdError, hasCode } from '@ctrd/client/core';
import type { Run } from '../context.js';
import { changesOf } from '../diff/changes.js';
import { findContainer } from '../find-container.js';
import { print } from '../output/print.js';

/** Not compressed: it is read once, here. */
const tar = 'application/vnd.oci.image.layer.v1.tar';

/** What a container has added to, changed of and deleted from its image's files, as docker's. */
export const diff: Run = async ([reference = ''], _options, context) => {
  const { client, signal } = context;
  const { id, snapshotKey: key, snapshotter } = await findContainer(context, reference);
  if (key === '') {
    throw new CtrdError('it has no snapshot: its root file system is a folder of the host', {
      ...{ code: 'failed-precondition', reason: 'no-snapshot', subject: id },
    });
  }
  // The layer goes with it.
  await using held = await client.holdLease({ signal });
  const view = `${key}-diff-${randomUUID()}`;
  const { parent } = await client.getSnapshot(key, { snapshotter, signal });
  try {
    const lease = held.id;
    const { digest } = await client.diffSnapshot(key, {
      snapshotter,
      mediaType: tar,
      lease,
      signal,
    });
    const layer = client.readContent({ digest, signal });
    if (parent !== '') await client.viewSnapshot(view, { parent, snapshotter, lease, signal });
    const changes =
      parent === ''
        ? await changesOf(layer, undefined)
        : await client.withMounts(view, (path) => changesOf(layer, path), { snapshotter, signal });
    print(context, changes, [
      { heading: 'KIND', of: ({ kind }) => kind },
      { heading: 'PATH', of: ({ path }) => path, shrinks: true },
    ]);
  } finally {
    // Also when this was interrupted.
    if (parent !== '') await client.removeSnapshot(view, { snapshotter }).catch(ignoreGone);
  }
};

/** It was not even made. */
function ignoreGone(error: unknown): void {
  if (!hasCode(error, 'not-found')) throw error;
}
