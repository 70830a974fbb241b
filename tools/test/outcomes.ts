import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { FileResult, RunResult, TestRecord } from './journal.js';

type State = TestRecord['state'];

/** What became of each test in its last run, for whoever tells of it. */
export interface Outcomes {
  /** Whether every test has had its turn; a run of some files only adds to what is known. */
  readonly whole: boolean;
  /** By project and file; a test may be there under its full name once only. */
  readonly projects: Readonly<Record<string, ProjectOutcomes>>;
}

export type ProjectOutcomes = Readonly<Record<string, Readonly<Record<string, State>>>>;

const path = join(resolve(import.meta.dirname, '../..'), '.cache/results/outcomes.json');

/** Nothing when no test has run. */
export async function readOutcomes(): Promise<Outcomes | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Outcomes);
}

/** Notes a run. A whole one tells all; of files that were not part of another, what was known stays. */
export async function addOutcomes(run: Outcomes): Promise<void> {
  const known = await readOutcomes();
  const projects = { ...known?.projects };
  for (const [name, files] of Object.entries(run.projects)) {
    projects[name] = run.whole ? files : { ...projects[name], ...files };
  }
  const whole = run.whole || known?.whole === true;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify({ whole, projects } satisfies Outcomes));
}

/**
 * What became of a project's tests in both runs together: one that has passed once has passed, unless
 * its file has failed outside of its tests and not been forgiven.
 */
export function outcomesOf(
  first: RunResult,
  second: ReadonlyMap<string, FileResult>,
): ProjectOutcomes {
  const files = new Map([...second, ...first.files.map((file) => [file.file, file] as const)]);
  return Object.fromEntries(
    [...files].map(([name, file]) => {
      const again = second.get(name);
      const broken = (again ?? file).errors.length > 0;
      const states: Record<string, State> = {};
      for (const { name: test, state } of [...file.tests, ...(again?.tests ?? [])]) {
        const seen = states[test] === 'passed' || state === 'passed' ? 'passed' : state;
        states[test] = broken ? 'failed' : seen;
      }
      return [name, states];
    }),
  );
}
