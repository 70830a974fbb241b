import { type Token, token } from '../di/token.js';

/** What is known of an owner: `unknown` for one that this process has no means to look at. */
export type OwnerState = 'alive' | 'dead' | 'unknown';

/**
 * On whose behalf a client makes things. What carries the owner's name ({@link ownerLabel}) is
 * nobody's any more when the owner is dead, unless something else uses it; see `Caretakers`.
 */
export interface Owner {
  /** The name that labels and folders carry: up to 128 letters, digits and dashes. */
  readonly id: string;
  /** Looks at the owner of an id, this one's or another's. */
  state(id: string): Promise<OwnerState>;
}

export const Owner: Token<Owner, 'Owner'> = token('Owner');

/** The label on containers, snapshots and leases that names their owner. */
export const ownerLabel = 'ctrd/owner';
