import type { CallControl } from '@ctrd/core';
import type { BlobInfo, Ingest } from '../content/content-store.js';
import type { WrittenBlob } from '../content/write-blob.js';

type Labels = Readonly<Record<string, string>>;

/** Which blobs are listed. */
export interface ListContentOptions extends CallControl {
  /** containerd filters, of which one must match: `labels.team==web`, `digest~=…`. Default: all. */
  readonly filters?: readonly string[] | undefined;
}

/** Which blob is read. */
export interface ReadContentOptions extends CallControl {
  readonly digest: string;
}

/**
 * What to write: bytes, an iterable of them from their beginning (such as a Node stream), or a
 * function that gives them from an offset on. With the function, a write that goes on where an
 * earlier one stopped need not read what is there already.
 */
export type ContentSource =
  | Uint8Array
  | AsyncIterable<Uint8Array>
  | ((offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>);

/** What is written, and what it should be. */
export interface WriteContentOptions extends CallControl {
  /**
   * The name of the attempt. One that was cut off goes on where it stopped when it is made again
   * under the same name with the same digest; without a digest, it starts from the beginning.
   */
  readonly ref: string;
  readonly source: ContentSource;
  /** What the content must turn out to be. Default: what it is. */
  readonly digest?: string | undefined;
  /** Bytes, when known. */
  readonly size?: number | undefined;
  readonly labels?: Labels | undefined;
  /**
   * The lease that holds it. Default: none; the label `containerd.io/gc.root` then keeps it until it
   * is deleted.
   */
  readonly lease?: string | undefined;
  /** Is told how many bytes the daemon has. */
  readonly onOffset?: ((offset: number) => void) | undefined;
  /**
   * Milliseconds to wait for another writer of the same ref that makes no progress. Default: 60
   * seconds.
   */
  readonly lockTimeoutMs?: number | undefined;
}

/** Which labels change. */
export interface LabelContentOptions extends CallControl {
  /** Sets these labels and leaves others; an empty value removes the label. */
  readonly labels: Labels;
}

/** What `images()` adds to a client for the store of blobs below its images. */
export interface ContentAPIClient {
  /** Throws `not-found`. */
  contentInfo(digest: string, options?: CallControl): Promise<BlobInfo>;
  /** Lists blobs as the daemon sends them. */
  listContent(options?: ListContentOptions): AsyncIterable<BlobInfo>;
  /**
   * Reads a blob, and verifies it, which the daemon does not: when it is not what its digest says,
   * the iteration fails with `data-loss` after the last part. Throws `not-found`.
   */
  readContent(options: ReadContentOptions): AsyncIterable<Uint8Array>;
  /**
   * Writes a blob. One that is there already is no error. Throws `data-loss` for content that is not
   * what it should be, of which nothing is left; `lock-failed` while another writer has the ref;
   * what the source throws. What was written by then stays for the next attempt.
   */
  writeContent(options: WriteContentOptions): Promise<WrittenBlob>;
  /** How far a write has come. Throws `not-found` for one that is not under way or broken off. */
  contentStatus(ref: string, options?: CallControl): Promise<Ingest>;
  /** All writes that are under way or were broken off. */
  listIngests(options?: ListContentOptions): Promise<readonly Ingest[]>;
  /** Gives up what was written of a blob. One that is gone already is no error. */
  abortContent(ref: string, options?: CallControl): Promise<void>;
  /** Changes labels, and answers the blob as it is then. Throws `not-found`. */
  labelContent(digest: string, options: LabelContentOptions): Promise<BlobInfo>;
  /**
   * Deletes a blob in this namespace; another namespace keeps its own. Images that refer to it are
   * broken by it. One that is gone already is no error.
   */
  deleteContent(digest: string, options?: CallControl): Promise<void>;
}
