import type { BlobInfo } from '../content/content-store.js';

/** What the blobs of a namespace refer to, by the labels that the garbage collection goes by. */
export interface ContentGraph {
  /** Bytes of a blob; `undefined` for one that is not there. */
  size(digest: string): number | undefined;
  /** What a target keeps: blobs that are there, and snapshots (of one snapshotter). */
  reach(target: string): {
    readonly blobs: ReadonlySet<string>;
    readonly tops: ReadonlySet<string>;
  };
}

const contentRef = /^containerd\.io\/gc\.ref\.content(?:[./]|$)/;

export async function contentGraph(
  list: AsyncIterable<Pick<BlobInfo, 'digest' | 'size' | 'labels'>>,
  snapshotter: string,
): Promise<ContentGraph> {
  const sizes = new Map<string, number>();
  const refs = new Map<string, readonly string[]>();
  const snapshots = new Map<string, readonly string[]>();
  const snapshotRef = `containerd.io/gc.ref.snapshot.${snapshotter}`;
  for await (const { digest, size, labels } of list) {
    const entries = Object.entries(labels);
    const keep = (isRef: (label: string) => boolean) =>
      entries.filter(([label]) => isRef(label)).map(([, value]) => value);
    sizes.set(digest, size);
    refs.set(
      digest,
      keep((label) => contentRef.test(label)),
    );
    snapshots.set(
      digest,
      keep((label) => label === snapshotRef || label.startsWith(`${snapshotRef}/`)),
    );
  }
  return {
    size: (digest) => sizes.get(digest),
    reach(target) {
      const blobs = new Set<string>();
      const tops = new Set<string>();
      const next = [target];
      for (let at = next.pop(); at !== undefined; at = next.pop()) {
        if (blobs.has(at) || !sizes.has(at)) continue;
        blobs.add(at);
        next.push(...(refs.get(at) ?? []));
        for (const top of snapshots.get(at) ?? []) tops.add(top);
      }
      return { blobs, tops };
    },
  };
}
