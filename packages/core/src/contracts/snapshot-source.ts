import { type Token, token } from '../di/token.js';
import type { ResolvedImage } from './image-source.js';

/** A mount as containerd describes it. */
export interface MountSpec {
  /** `overlay`, `bind`, … */
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** Which snapshotter is asked, under which lease. */
export interface SnapshotPlace {
  readonly snapshotter: string;
  readonly signal: AbortSignal;
  readonly lease?: string | undefined;
}

/** What containers need of snapshots; `@ctrd/snapshots` provides it. */
export interface SnapshotSource {
  /** Makes a writable snapshot on the image's layers, unpacking them when they are not there. */
  fromImage(
    key: string,
    image: Pick<ResolvedImage, 'reference' | 'chainId'>,
    place: SnapshotPlace & { readonly labels?: Readonly<Record<string, string>> | undefined },
  ): Promise<readonly MountSpec[]>;
  /** How the snapshot is mounted. Throws `not-found`. */
  mounts(key: string, place: SnapshotPlace): Promise<readonly MountSpec[]>;
  /** Removes the snapshot. One that is gone already is no error. */
  remove(key: string, place: SnapshotPlace): Promise<void>;
}

export const SnapshotSource: Token<SnapshotSource, 'SnapshotSource'> = token('SnapshotSource', {
  from: 'snapshots() of @ctrd/snapshots',
});
