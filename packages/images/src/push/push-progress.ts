import { type Report, toCtrdError } from '@ctrd/core';

/** One step of a push: of a blob, manifest or index. */
export interface PushProgress {
  readonly digest: string;
  readonly mediaType: string;
  /**
   * `waiting` and `uploading`; then `uploaded`, or `exists` for what the registry had already, or
   * `mounted` for what it took from another of its repositories.
   */
  readonly status: 'waiting' | 'uploading' | 'uploaded' | 'exists' | 'mounted';
  /** Bytes that were sent; it goes back when an upload is begun anew. */
  readonly offset: number;
  /** Bytes in all. */
  readonly total: number;
}

/** What a push has done. */
export interface PushedImage {
  /** What it was pushed as, in full. */
  readonly reference: string;
  /** Of what was pushed: the same as in the daemon. */
  readonly digest: string;
  /** Blobs by what became of them; manifests are not counted. */
  readonly uploaded: number;
  readonly mounted: number;
  readonly existing: number;
}

/** Who watches a push does not end it: what a handler throws is reported. */
export function toldOf(
  handler: ((event: PushProgress) => void) | undefined,
  report: Report,
): (event: PushProgress) => void {
  return (event) => {
    try {
      handler?.(event);
    } catch (error) {
      report({ source: 'onProgress of pushImage', error: toCtrdError(error) });
    }
  };
}
