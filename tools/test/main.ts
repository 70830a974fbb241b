// Runs all tests: `npm test [-- PROJECT... FILE...]`. Every project runs once; files in which
// something failed run a second time, alone and on a fresh daemon. What passes then counts as
// passed and is listed as flaky; what fails twice has failed.
import { folderPrefix } from '../../e2e/support/daemon-process.js';
import { removeAbandoned } from '../../e2e/support/remains.js';
import { writeResult } from '../ci/result.js';
import { atMost } from '../concurrency.js';
import { type FileResult, hasFailed, type RunResult } from './journal.js';
import { addOutcomes, outcomesOf, type ProjectOutcomes } from './outcomes.js';
import { fileTimeoutMs, projects, projectsAtOnce, secondRunTimeoutMs } from './projects.js';
import { runVitest } from './run-vitest.js';
import { slowestFiles, summary } from './summary.js';
import { verdictOf } from './verdict.js';

const args = process.argv.slice(2);
const named = projects.filter(({ name }) => args.includes(name));
const files = args.filter((arg) => !named.some(({ name }) => name === arg));
const chosen = named.length > 0 ? named : projects;

const first = await atMost(projectsAtOnce, chosen, async (project) => ({
  project: project.name,
  run: await runVitest({ project: project.name, files, timeoutMs: project.timeoutMs }),
}));

const end = performance.now() + secondRunTimeoutMs;
const verdicts = [];
const outcomes: Record<string, ProjectOutcomes> = {};
for (const { project, run } of first) {
  const second = await secondRun(project, run);
  verdicts.push(verdictOf(project, run, second));
  outcomes[project] = outcomesOf(run, second);
}
await removeAbandoned(folderPrefix);

console.log(slowestFiles(first));
console.log(summary(verdicts));
const passed = verdicts.reduce((sum, verdict) => sum + verdict.passed, 0);
const failed = verdicts.reduce((sum, verdict) => sum + verdict.failed.length, 0);
await writeResult('tests', { passed, failed });
await addOutcomes({ whole: args.length === 0, projects: outcomes });
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** Files that failed again, one by one; all of the project's when the run itself failed. */
async function secondRun(project: string, run: RunResult): Promise<Map<string, FileResult>> {
  const again = run.errors.length > 0 ? run.files : run.files.filter(hasFailed);
  const results = new Map<string, FileResult>();
  if (run.files.length === 0 && run.errors.length > 0) {
    const whole = await attempt(project, files);
    if (whole === undefined || whole.errors.length > 0) return results;
    for (const result of whole.files) results.set(result.file, result);
  }
  for (const { file } of again) {
    const result = await attempt(project, [file]);
    const found = result?.files.find((known) => known.file === file);
    // An error of the run is this file's: no other was in it.
    if (found !== undefined) {
      results.set(file, { ...found, errors: [...found.errors, ...(result?.errors ?? [])] });
    }
  }
  return results;
}

async function attempt(project: string, only: readonly string[]): Promise<RunResult | undefined> {
  const left = end - performance.now();
  if (left <= 0) return undefined;
  console.log(`\nsecond run: ${project} ${only.join(' ')}`);
  return runVitest({ project, files: only, timeoutMs: Math.min(left, fileTimeoutMs) });
}
