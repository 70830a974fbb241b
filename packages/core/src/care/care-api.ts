import type { CtrdError } from '../errors/index.js';
import type { CallControl } from '../kernel/operation.js';
import type { Finding } from './caretaker.js';

/** What `sweep()` removes. */
export interface SweepOptions extends CallControl {
  /** Only tells what it would remove. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Only findings of these kinds. Default: all. */
  readonly kinds?: readonly string[] | undefined;
  /**
   * Also what names no owner, such as what other programs have made. Default: false. What has an
   * owner of whom nothing is known is never removed.
   */
  readonly unowned?: boolean | undefined;
  /**
   * Milliseconds since it was made, below which something stays. Default: 0 for what a dead owner
   * had, 10 minutes for what names no owner: somebody may be about to use it.
   */
  readonly olderThanMs?: number | undefined;
}

/** What `doctor()` found. */
export interface DoctorReport {
  readonly findings: readonly Finding[];
  /** Who could not look; the others have. */
  readonly problems: readonly CareProblem[];
}

/** What `sweep()` did. */
export interface SweepReport {
  /** What was removed, or would be with `dryRun`. */
  readonly removed: readonly Finding[];
  /** What was found and stays, by the options or because it is used by now. */
  readonly kept: readonly Finding[];
  /** What could not be removed, and who could not look; neither keeps the rest from being swept. */
  readonly problems: readonly CareProblem[];
}

/** Something that `doctor()` or `sweep()` could not do. */
export interface CareProblem {
  /** A caretaker's name. */
  readonly caretaker: string;
  /** What could not be removed; undefined when the caretaker could not look. */
  readonly finding: Finding | undefined;
  readonly error: CtrdError;
}

/** What every client does about what dead ones have left behind. */
export interface CareAPIClient {
  /** Looks for what nobody seems to need any more, and changes nothing. */
  doctor(options?: CallControl): Promise<DoctorReport>;
  /**
   * Removes what dead owners have left behind. Never removes what a living owner has or what is in
   * use, and what names no owner only when asked to. Throws `invalid-argument`.
   */
  sweep(options?: SweepOptions): Promise<SweepReport>;
}
