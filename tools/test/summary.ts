import type { RunResult } from './journal.js';
import type { Finding, Verdict } from './verdict.js';

/** The ten files that took longest, as text. */
export function slowestFiles(
  runs: readonly { readonly project: string; readonly run: RunResult }[],
): string {
  const all = runs.flatMap(({ project, run }) => run.files.map((file) => ({ project, ...file })));
  const rows = all
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, 10)
    .map(
      (row) => `  ${(row.durationMs / 1000).toFixed(1).padStart(7)} s  ${row.project} ${row.file}`,
    );
  return ['', 'slowest files:', ...rows].join('\n');
}

/** What passed, what was flaky, and all failures with their errors, as text. */
export function summary(verdicts: readonly Verdict[]): string {
  const flaky = verdicts.flatMap((verdict) => verdict.flaky);
  const failed = verdicts.flatMap((verdict) => verdict.failed);
  return [
    '',
    ...flaky.flatMap((finding) => described('flaky:', finding)),
    ...failed.flatMap((finding) => described('FAILED:', finding)),
    ...verdicts.map(
      (v) =>
        `${v.project.padEnd(15)} ${v.passed} passed, ${v.failed.length} failed, ` +
        `${v.flaky.length} flaky, ${v.skipped} skipped`,
    ),
  ].join('\n');
}

function described(word: string, { name, errors }: Finding): string[] {
  const detail = errors.flatMap((error) => error.split('\n')).slice(0, 60);
  return [`${word} ${name}`, ...detail.map((line) => `    ${line}`), ''];
}
