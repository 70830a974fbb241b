import { toCtrdError } from '../errors/index.js';
import { withDeadline } from './cancellation.js';
import type { Report } from './report.js';

/** How long one step of an undoing may take. */
const stepTimeoutMs = 30_000;

/**
 * What to undo when a call of many steps fails in the middle. Each step that made something adds how
 * to unmake it; `commit()` at the end forgets them all. Disposal undoes what was not committed, the
 * last first, each step under a deadline of its own and whatever became of the others.
 */
export interface Rollback extends AsyncDisposable {
  /** Adds how to unmake what has been made; the name is for the report of a failure. */
  add(name: string, undo: (signal: AbortSignal) => Promise<unknown>): void;
  /** All has been made: nothing is undone any more. */
  commit(): void;
}

/** A {@link Rollback} without a step; what cannot be undone is reported. */
export function createRollback(report: Report): Rollback {
  const steps: { name: string; undo: (signal: AbortSignal) => Promise<unknown> }[] = [];
  return {
    add: (name, undo) => void steps.push({ name, undo }),
    commit: () => void steps.splice(0),
    async [Symbol.asyncDispose]() {
      for (const { name, undo } of steps.splice(0).reverse()) {
        try {
          await withDeadline(stepTimeoutMs, undo);
        } catch (error) {
          // The failure that led here is the caller's; this one must not replace it.
          report({ source: `undoing: ${name}`, error: toCtrdError(error) });
        }
      }
    },
  };
}
