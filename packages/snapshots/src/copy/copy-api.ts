import type { SnapshotCall } from '../snapshot-api.js';

/** Where files are: in a snapshot, or in that of a container. Only one of the two may be given. */
export interface CopyPlace extends SnapshotCall {
  /** The key of an active snapshot or a view. */
  readonly snapshot?: string | undefined;
  /** The id of a container, running or not. Its volumes are not part of its snapshot. */
  readonly container?: string | undefined;
  /** The file or folder, from the snapshot's root. */
  readonly path: string;
}

/** What is copied where. */
export interface CopyToOptions extends CopyPlace {
  /** A tar archive: a Node stream, or any iterable of its bytes. */
  readonly source: AsyncIterable<Uint8Array>;
}

/** What `snapshots()` adds to a client to copy files in and out. */
export interface CopyAPIClient {
  /**
   * A file or a folder with all that is in it as a tar archive, whose names begin with the last name
   * of the path. Links are copied as links; pipes, sockets and devices are left out. Throws
   * `not-found`.
   */
  copyFrom(options: CopyPlace): AsyncIterable<Uint8Array>;
  /**
   * Unpacks a tar archive of files, folders and links into a folder, which is made when it is not
   * there. Nothing is written outside of the snapshot, whatever links lead where. What has a name of
   * the archive is replaced, but for folders, which are merged. What was unpacked before a failure
   * stays.
   *
   * Throws `invalid-argument` (field `source`) for what is no tar archive, and for one with absolute
   * names, `..`, devices or pipes; `not-found`; `failed-precondition`.
   */
  copyTo(options: CopyToOptions): Promise<void>;
}
