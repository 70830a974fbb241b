import { type Contributions, contributions } from '../di/token.js';
import type { OwnerState } from './owner.js';

/** Something that perhaps nobody needs any more. */
export interface Finding {
  /** Such as `lease`, `snapshot`, `mount`, `ingest`, `container`, `task`, `exit`, `pipes`, `shim`. */
  readonly kind: string;
  /** The id, key, ref or path; with the kind, it tells one finding from another. */
  readonly id: string;
  /** Whose it is; undefined for what names no owner, such as another program's. */
  readonly owner: string | undefined;
  /** Never `alive`: what a living owner has is not found. `none` for what names no owner. */
  readonly ownerState: Exclude<OwnerState, 'alive'> | 'none';
  /** Why nobody seems to need it, for people. */
  readonly why: string;
  /** When it was made; undefined when that is not known. */
  readonly since: Date | undefined;
}

/** A finding, and how it is removed. */
export interface Found {
  readonly finding: Finding;
  /**
   * Removes it, having looked once more: an id may have been taken anew, and used, since. Answers
   * whether it was removed; one that is gone or used by now is no error.
   */
  remove(signal: AbortSignal): Promise<boolean>;
}

/**
 * Knows one kind of things that clients leave behind when they die. Each package contributes those
 * for what it makes; `doctor()` and `sweep()` ask them all.
 */
export interface Caretaker {
  /** For failures: `leases`, `snapshots`. */
  readonly name: string;
  /**
   * Looks for what nobody needs. It never finds what a living owner has, nor what is in use, and
   * changes nothing.
   */
  inspect(signal: AbortSignal): Promise<readonly Found[]>;
}

/** The last one looks, and removes, first: what a plugin has made stands on what others have. */
export const Caretakers: Contributions<Caretaker> = contributions('Caretakers');
