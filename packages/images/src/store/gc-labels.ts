import type { Index, Manifest } from '../oci/manifest.js';

/**
 * The labels on a manifest or index that keep what it refers to from the garbage collection, as
 * containerd's own clients write them. Keys are within a `labels.` mask.
 */
export function gcLabels(document: Manifest | Index): Record<string, string> {
  const labels: Record<string, string> = {};
  if (document.kind === 'index') {
    for (const [index, { digest }] of document.manifests.entries()) {
      labels[`containerd.io/gc.ref.content.m.${index}`] = digest;
    }
    return labels;
  }
  labels['containerd.io/gc.ref.content.config'] = document.config.digest;
  for (const [index, { digest }] of document.layers.entries()) {
    labels[`containerd.io/gc.ref.content.l.${index}`] = digest;
  }
  return labels;
}

/** On a layer's blob: the digest of its content without compression. */
export const uncompressedLabel = 'containerd.io/uncompressed';

/** On a config: the snapshot that the image's layers were unpacked to. */
export function snapshotGcLabel(snapshotter: string): string {
  return `containerd.io/gc.ref.snapshot.${snapshotter}`;
}
