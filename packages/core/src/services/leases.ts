import { type Token, token } from '../di/token.js';

/** A lease as the daemon lists it. */
export interface LeaseInfo {
  readonly id: string;
  readonly createdAt: Date;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something a lease holds: `content` (a digest), `ingests` (a ref) or `snapshots/<snapshotter>` (a key). */
export interface LeaseResource {
  readonly type: string;
  readonly id: string;
}

/** A lease that lives until it is disposed (or expires: the daemon never keeps it for ever). */
export interface Lease extends AsyncDisposable {
  /** For the next call. Of a lease that is renewed it changes: ask for it at each call. */
  readonly id: string;
  /** Keeps what the lease holds beyond disposal, until it expires: a later attempt can go on with it. */
  keep(): void;
}

/** The daemon's leases: what a lease holds is safe from its garbage collection. */
export interface Leases {
  /**
   * A new lease. It expires after `expiresInMs` (default: 24 h, as the Go client's) and is renewed
   * by nobody.
   */
  create(options: {
    signal: AbortSignal;
    id?: string | undefined;
    labels?: Readonly<Record<string, string>> | undefined;
    expiresInMs?: number | undefined;
    /** Whether it goes with this process: `sweep()` deletes it when the owner is dead. Default: true. */
    owned?: boolean | undefined;
  }): Promise<Lease>;
  /** The leases of the namespace. `filters`: containerd's, of which one must match. */
  list(options: {
    signal: AbortSignal;
    filters?: readonly string[] | undefined;
  }): Promise<readonly LeaseInfo[]>;
  /** `sync` waits for the garbage collection that follows. A lease that is gone already is no error. */
  delete(id: string, options: { signal: AbortSignal; sync?: boolean | undefined }): Promise<void>;
  /** What a lease holds. Throws `not-found`. */
  resources(id: string, options: { signal: AbortSignal }): Promise<readonly LeaseResource[]>;
  /** Makes a lease hold something. Throws `not-found` for a lease that is not there. */
  add(id: string, resource: LeaseResource, options: { signal: AbortSignal }): Promise<void>;
}

export const Leases: Token<Leases, 'Leases'> = token('Leases');
