import type { SnapshotCall } from '../snapshot-api.js';

/** A layer in the content store. */
export interface Layer {
  /** Such as `application/vnd.oci.image.layer.v1.tar+gzip`. */
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** How a layer is written, and what holds it. */
export interface DiffSnapshotOptions extends SnapshotCall {
  /** Default: `application/vnd.oci.image.layer.v1.tar+gzip`. */
  readonly mediaType?: string | undefined;
  /** Labels of the layer's blob. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * The lease that holds the blob. Default: none; the label `containerd.io/gc.root` then keeps it
   * until it is deleted.
   */
  readonly lease?: string | undefined;
}

/** Which layer is unpacked. */
export interface ApplyDiffOptions extends SnapshotCall {
  readonly layer: Layer;
}

/** What `snapshots()` adds to a client for layers: snapshots as archives, and back. */
export interface DiffAPIClient {
  /**
   * Writes what a snapshot changes of its parent to the content store, as a layer of an image. The
   * blob's label `containerd.io/uncompressed` is the digest of the archive as it is unpacked. Throws
   * `not-found`.
   */
  diffSnapshot(key: string, options?: DiffSnapshotOptions): Promise<Layer>;
  /**
   * Unpacks a layer of the content store on an active snapshot. Answers the archive as it was
   * unpacked: its digest is what an image's config calls the diff id. Throws `not-found`.
   */
  applyDiff(key: string, options: ApplyDiffOptions): Promise<Layer>;
}
