import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from './check.js';
import { type FaultScenario, faultScenarios } from './fault-scenarios.js';
import { repository } from './workspace.js';

const document = 'docs/reliability.md';
const marks = ['<!-- faults -->\n', '<!-- end of faults -->'] as const;

/** The table of faults names tests that are there, and the document has it. `--fix` writes it. */
export const faults: Check = {
  name: 'faults',
  run: async ({ fix }) => {
    const read = (path: string) => readFile(join(repository, path), 'utf8').catch(() => undefined);
    const problems = (await Promise.all(faultScenarios.map((one) => problemsOf(one, read)))).flat();
    const text = (await read(document)) ?? '';
    const [begin, end] = [text.indexOf(marks[0]), text.indexOf(marks[1])];
    if (begin < 0 || end < begin) return [...problems, `${document}: has no place for the table`];
    const wanted = `${text.slice(0, begin)}${marks[0]}${faultTable(faultScenarios)}${text.slice(end)}`;
    if (wanted === text) return problems;
    if (fix) await writeFile(join(repository, document), wanted);
    else
      problems.push(`${document}: the table of faults is not what it should be (--fix mends it)`);
    return problems;
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

export function faultTable(scenarios: readonly FaultScenario[]): string {
  const rows = scenarios.map(({ fault, outcome, shownBy, notShown }) => {
    const shown =
      shownBy === undefined
        ? `not shown: ${notShown}`
        : `[${shownBy.file
            .split('/')
            .at(-1)
            ?.replace(/(\.e2e)?\.test\.ts$/, '')}](../${shownBy.file})`;
    return `| ${fault} | ${outcome} | ${shown} |`;
  });
  return ['| what goes wrong | what comes of it | shown by |', '|---|---|---|', ...rows, ''].join(
    '\n',
  );
}
