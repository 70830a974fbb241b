import { type FileResult, hasFailed, type RunResult } from './journal.js';

/** What both runs together say about a project. */
export interface Verdict {
  readonly project: string;
  readonly passed: number;
  readonly skipped: number;
  /** What failed once and passed once. */
  readonly flaky: readonly Finding[];
  /** What failed and never passed. */
  readonly failed: readonly Finding[];
}

/** A test, or a file as such, with what went wrong. */
export interface Finding {
  readonly name: string;
  readonly errors: readonly string[];
}

/**
 * Judges a project by its first run and the second run of what had failed in it. A test that passed
 * in either has passed. An error outside of tests counts as one failure of its file, unless the
 * file's second run had none.
 */
export function verdictOf(
  project: string,
  first: RunResult,
  second: ReadonlyMap<string, FileResult>,
): Verdict {
  const files = [...first.files];
  for (const [file, result] of second) {
    // The first run may have ended before it came to the file.
    if (!files.some((known) => known.file === file)) files.push({ ...result, tests: [] });
  }
  const parts = files.map((file) => fileVerdict(project, file, second.get(file.file)));
  const whole: Finding[] = first.errors.length > 0 ? [{ name: project, errors: first.errors }] : [];
  const allRanAgain =
    second.size > 0 &&
    [...second.values()].every((result) => !hasFailed(result)) &&
    files.every(({ file }) => second.has(file));
  return {
    project,
    passed: parts.reduce((sum, part) => sum + part.passed, 0),
    skipped: parts.reduce((sum, part) => sum + part.skipped, 0),
    flaky: [...parts.flatMap((part) => part.flaky), ...(allRanAgain ? whole : [])],
    failed: [...parts.flatMap((part) => part.failed), ...(allRanAgain ? [] : whole)],
  };
}

function fileVerdict(
  project: string,
  first: FileResult,
  second: FileResult | undefined,
): Omit<Verdict, 'project'> {
  const runs = second === undefined ? [first] : [first, second];
  const states = new Map<string, { states: Set<string>; errors: string[] }>();
  for (const { name, state, errors } of runs.flatMap(({ tests }) => tests)) {
    const known = states.get(name) ?? { states: new Set(), errors: [] };
    known.states.add(state);
    known.errors.push(...errors);
    states.set(name, known);
  }
  const flaky: Finding[] = [];
  const failed: Finding[] = [];
  let passed = 0;
  let skipped = 0;
  for (const [test, { states: seen, errors }] of states) {
    const finding = { name: `${project} ${first.file} > ${test}`, errors };
    if (seen.has('passed')) passed += 1;
    else if (!seen.has('failed')) skipped += 1;
    if (!seen.has('failed')) continue;
    if (seen.has('passed')) flaky.push(finding);
    else failed.push(finding);
  }
  if (first.errors.length > 0) {
    const errors = [...first.errors, ...(second?.errors ?? [])];
    const finding = { name: `${project} ${first.file}`, errors };
    if (second !== undefined && second.errors.length === 0) flaky.push(finding);
    else failed.push(finding);
  }
  return { passed, skipped, flaky, failed };
}
