import { invalidArgument, toCtrdError } from '../errors/index.js';
import { throwIfAborted } from '../kernel/cancellation.js';
import { type CallControl, onOptions, type Running } from '../kernel/operation.js';
import type { CareProblem, DoctorReport, SweepOptions, SweepReport } from './care-api.js';
import type { Caretaker, Finding, Found } from './caretaker.js';

/** Younger than this, what names no owner may be about to be used: a record before its task. */
const unownedGraceMs = 10 * 60 * 1000;

/** The methods of `CareAPIClient`; `caretakers` is asked for at each call. */
export function careOperations(caretakers: () => readonly Caretaker[]) {
  return {
    doctor: onOptions(async ({ signal }: Running<CallControl>): Promise<DoctorReport> => {
      const problems: CareProblem[] = [];
      const found = await inspectAll(caretakers(), problems, signal);
      return { findings: found.map(({ finding }) => finding), problems };
    }),
    sweep: onOptions(async (options: Running<SweepOptions>): Promise<SweepReport> => {
      checkSweep(options);
      const { dryRun = false, signal } = options;
      const removed: Finding[] = [];
      const kept: Finding[] = [];
      const problems: CareProblem[] = [];
      for (const { caretaker, finding, remove } of await inspectAll(
        caretakers(),
        problems,
        signal,
      )) {
        throwIfAborted(signal);
        if (!isWanted(finding, options)) {
          kept.push(finding);
          continue;
        }
        try {
          const gone = dryRun || (await remove(signal));
          (gone ? removed : kept).push(finding);
        } catch (error) {
          throwIfAborted(signal);
          problems.push({ caretaker, finding, error: toCtrdError(error) });
        }
      }
      return { removed, kept, problems };
    }),
  };
}

async function inspectAll(
  caretakers: readonly Caretaker[],
  problems: CareProblem[],
  signal: AbortSignal,
): Promise<readonly (Found & { readonly caretaker: string })[]> {
  const all: (Found & { readonly caretaker: string })[] = [];
  // As at a stop, what stands on others goes first: containers, then snapshots, at last the leases.
  for (const { name, inspect } of [...caretakers].reverse()) {
    throwIfAborted(signal);
    try {
      for (const found of await inspect(signal)) all.push({ ...found, caretaker: name });
    } catch (error) {
      throwIfAborted(signal);
      problems.push({ caretaker: name, finding: undefined, error: toCtrdError(error) });
    }
  }
  return all;
}

function isWanted(finding: Finding, options: SweepOptions): boolean {
  const { kinds, unowned = false } = options;
  if (kinds !== undefined && !kinds.includes(finding.kind)) return false;
  if (finding.ownerState === 'unknown') return false;
  if (finding.ownerState === 'none' && !unowned) return false;
  const least = options.olderThanMs ?? (finding.ownerState === 'none' ? unownedGraceMs : 0);
  if (least === 0) return true;
  return finding.since !== undefined && Date.now() - finding.since.getTime() >= least;
}

function checkSweep({ kinds, olderThanMs }: SweepOptions): void {
  if (kinds !== undefined && !(Array.isArray(kinds) && kinds.every((k) => typeof k === 'string'))) {
    throw invalidArgument('kinds', 'be a list of texts', kinds);
  }
  if (olderThanMs !== undefined && !(Number.isFinite(olderThanMs) && olderThanMs >= 0)) {
    throw invalidArgument('olderThanMs', 'be a number of at least 0', olderThanMs);
  }
}
