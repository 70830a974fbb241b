import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Line, lines } from '../matrix/index.js';
import { type Outcomes, readOutcomes } from '../test/outcomes.js';
import type { Check } from './check.js';
import { type FaultScenario, faultScenarios } from './fault-scenarios.js';
import { repository } from './workspace.js';

const document = 'docs/reliability.md';
const marks = ['<!-- faults -->\n', '<!-- end of faults -->'] as const;

/**
 * The table of faults is what the tests have shown: after a run of all tests, each scenario has passed
 * wherever its test runs; before, its test is there at least. `--fix` writes the table, of results alone.
 */
export const faults: Check = {
  name: 'faults',
  run: async ({ fix }) => {
    const read = (path: string) => readFile(join(repository, path), 'utf8').catch(() => undefined);
    const { whole = false, projects = {} } = (await readOutcomes()) ?? {};
    const outcomes = { whole: whole || fix, projects };
    const text = (await read(document)) ?? '';
    const [begin, end] = [text.indexOf(marks[0]), text.indexOf(marks[1])];
    if (begin < 0 || end < begin) return [`${document}: has no place for the table`];
    const table = faultTable(faultScenarios, outcomes);
    const wanted = `${text.slice(0, begin)}${marks[0]}${table}${text.slice(end)}`;
    const problems = [
      ...(await Promise.all(faultScenarios.map((one) => problemsOf(one, read)))).flat(),
      ...faultScenarios.flatMap((one) => failuresOf(one, outcomes)),
    ];
    if (wanted === text || problems.length > 0) return problems;
    if (!fix) return [`${document}: the table is not what the tests have shown (npm run faults)`];
    await writeFile(join(repository, document), wanted);
    return [];
  },
};

/** A scenario says either which test shows it, by a name that is in the file, or why none does. */
export async function problemsOf(
  { fault, shownBy, notShown }: FaultScenario,
  read: (path: string) => Promise<string | undefined>,
): Promise<string[]> {
  if ((shownBy === undefined) === (notShown === undefined)) {
    return [`${fault}: needs either a test or a reason`];
  }
  if (shownBy === undefined) return [];
  const text = await read(shownBy.file);
  if (text === undefined) return [`${fault}: there is no ${shownBy.file}`];
  return text.includes(shownBy.test) ? [] : [`${fault}: ${shownBy.file} lacks “${shownBy.test}”`];
}

/** Where a scenario's test has been expected to pass and has not. */
export function failuresOf(scenario: FaultScenario, outcomes: Outcomes): string[] {
  return projectsOf(scenario)
    .map((project) => ({ project, state: stateOf(scenario, project, outcomes) }))
    .filter(({ state }) => state !== 'passed')
    .map(({ project, state }) => `${scenario.fault}: ${state} on ${project}`);
}

/** The table, with what has become of each scenario on each line. */
export function faultTable(scenarios: readonly FaultScenario[], outcomes: Outcomes): string {
  const rows = scenarios.map((scenario) => {
    const { fault, outcome, shownBy, notShown } = scenario;
    const projects = projectsOf(scenario);
    const cells = lines.map((line) => {
      const project = projects.find((name) => name === 'unit' || name === projectOf(line));
      if (project === undefined) return '–';
      const state = stateOf(scenario, project, outcomes);
      return state === 'passed' && project === 'unit' ? 'unit' : state;
    });
    return [fault, outcome, ...cells, notShown ?? linkTo(shownBy?.file ?? '')];
  });
  const heading = ['what goes wrong', 'what comes of it', ...lines, 'shown by, or why not shown'];
  return [heading, heading.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

const projectOf = (line: Line): string => `containerd-${line}`;

function projectsOf({ shownBy, lines: on = lines }: FaultScenario): readonly string[] {
  if (shownBy === undefined) return [];
  return shownBy.file.startsWith('e2e/') ? on.map(projectOf) : ['unit'];
}

type State = 'passed' | 'failed' | 'skipped' | 'missing';

/** The worst of all tests of the name. Without a whole run, a file that has not run is believed. */
function stateOf({ shownBy }: FaultScenario, project: string, outcomes: Outcomes): State {
  const { file = '', test = '' } = shownBy ?? {};
  const tests = outcomes.projects[project]?.[file];
  if (tests === undefined) return outcomes.whole ? 'missing' : 'passed';
  const parts = test.split('%s').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const name = new RegExp(parts.join('.*'));
  const states = Object.entries(tests).flatMap(([of, state]) => (name.test(of) ? [state] : []));
  const worst = (['failed', 'skipped', 'passed'] as const).find((state) => states.includes(state));
  return worst ?? 'missing';
}

function linkTo(file: string): string {
  const name = file
    .split('/')
    .at(-1)
    ?.replace(/(\.e2e)?\.test\.ts$/, '');
  return `[${name}](../${file})`;
}
