import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SnapshotInfo, SnapshotTree } from '../src/snapshot.js';
import { snapshotTree } from '../src/snapshot-tree.js';

const snapshot = (key: string, parent: string, age: number): SnapshotInfo => ({
  key,
  parent,
  kind: 'committed',
  snapshotter: 'overlayfs',
  createdAt: new Date(age),
  updatedAt: new Date(age),
  labels: {},
});

const keysOf = (trees: readonly SnapshotTree[]): string[] =>
  trees.flatMap(({ snapshot: { key }, children }) => [key, ...keysOf(children)]);

describe('the tree of snapshots', () => {
  it('puts each on its parent, the oldest first', () => {
    const tree = snapshotTree([
      snapshot('b', 'base', 3),
      snapshot('a', 'base', 2),
      snapshot('base', '', 1),
      snapshot('c', 'a', 4),
    ]);
    expect(keysOf(tree)).toEqual(['base', 'a', 'c', 'b']);
  });

  it('shows one whose parent is not listed at the bottom', () => {
    expect(keysOf(snapshotTree([snapshot('a', 'elsewhere', 1)]))).toEqual(['a']);
  });

  it('shows every snapshot exactly once', () => {
    const parents = fc.array(fc.nat(), { maxLength: 40 });
    fc.assert(
      fc.property(parents, (choices) => {
        const list = choices.map((choice, index) =>
          snapshot(`k${index}`, index === 0 ? '' : `k${choice % index}`, index),
        );
        expect(keysOf(snapshotTree(list)).sort()).toEqual(list.map(({ key }) => key).sort());
      }),
    );
  });
});
