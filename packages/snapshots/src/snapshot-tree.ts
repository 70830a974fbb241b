import type { SnapshotInfo, SnapshotTree } from './snapshot.js';

/**
 * Puts snapshots on the ones they stand on; the oldest of siblings comes first. One whose parent is
 * not in the list stands at the bottom.
 */
export function snapshotTree(snapshots: readonly SnapshotInfo[]): readonly SnapshotTree[] {
  const keys = new Set(snapshots.map(({ key }) => key));
  const byParent = new Map<string, SnapshotInfo[]>();
  const oldestFirst = [...snapshots].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  for (const snapshot of oldestFirst) {
    const parent = keys.has(snapshot.parent) ? snapshot.parent : '';
    const siblings = byParent.get(parent) ?? [];
    siblings.push(snapshot);
    byParent.set(parent, siblings);
  }
  const grow = (parent: string): readonly SnapshotTree[] =>
    (byParent.get(parent) ?? []).map((snapshot) => ({ snapshot, children: grow(snapshot.key) }));
  return grow('');
}
