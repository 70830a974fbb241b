import { Introspection } from '@ctrd/api/services/introspection/v1';
import { CtrdError, type Rpc } from '@ctrd/core';
import type { SnapshotterInfo } from './snapshot.js';
import type { SnapshotStore } from './snapshot-store.js';

/** Asks the daemon for a snapshotter. Throws `not-found`, naming those that work. */
export async function findSnapshotter(
  rpc: Rpc,
  name: string,
  signal: AbortSignal,
): Promise<SnapshotterInfo> {
  const { plugins } = await rpc
    .client(Introspection)
    .plugins({ filters: ['type==io.containerd.snapshotter.v1'] }, { signal });
  const plugin = plugins.find(({ id }) => id === name);
  const working = plugins.filter(({ initErr }) => initErr === undefined).map(({ id }) => id);
  if (plugin === undefined) {
    throw new CtrdError(`the daemon has no such snapshotter; it has ${working.join(', ')}`, {
      code: 'not-found',
      subject: name,
    });
  }
  if (plugin.initErr !== undefined) {
    throw new CtrdError(
      `the snapshotter does not work: ${plugin.initErr.message}; these do: ${working.join(', ')}`,
      { code: 'failed-precondition', reason: 'not-loaded', subject: name },
    );
  }
  return {
    name,
    platforms: plugin.platforms.map(({ os, architecture }) => `${os}/${architecture}`),
    capabilities: [...plugin.capabilities],
  };
}

/** Throws `failed-precondition` when a snapshotter other than the one named has snapshots. */
export async function refuseOthers(
  rpc: Rpc,
  store: Pick<SnapshotStore, 'list'>,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  for (const other of await workingSnapshotters(rpc, signal)) {
    if (other === name) continue;
    for await (const { key } of store.list([], { snapshotter: other, signal })) {
      throw new CtrdError(`the snapshotter ${other} has snapshots, such as ${key}`, {
        ...{ code: 'failed-precondition', reason: 'other-snapshotter', subject: name },
      });
    }
  }
}

/** The names of the daemon's snapshotters that work. */
export async function workingSnapshotters(
  rpc: Rpc,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const filters = ['type==io.containerd.snapshotter.v1'];
  const { plugins } = await rpc.client(Introspection).plugins({ filters }, { signal });
  return plugins.filter(({ initErr }) => initErr === undefined).map(({ id }) => id);
}
