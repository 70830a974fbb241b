import type { Check } from './check.js';
import { filesBelow, packages, type SourceFile, sourcesOf } from './workspace.js';

const document = 'docs/tokens.md';

/** Every part that can be swapped, or added to, stands in the table of tokens, and nothing else does. */
export const tokens: Check = {
  name: 'tokens',
  run: async () => {
    const [table] = await filesBelow('docs', /^tokens\.md$/);
    const sources = await Promise.all((await packages()).map(sourcesOf));
    return tableProblems(sources.flat(), table ?? { path: document, text: '' });
  },
};

/** Tokens that the table lacks, and rows whose token does not exist (any more). */
export function tableProblems(sources: readonly SourceFile[], table: SourceFile): string[] {
  const there = new Map(
    sources.flatMap(({ path, text }) =>
      [...text.matchAll(declaration)].map((found) => [found[1] ?? '', path] as const),
    ),
  );
  const listed = new Set([...table.text.matchAll(row)].map((found) => found[1] ?? ''));
  return [
    ...[...there]
      .filter(([name]) => !listed.has(name))
      .map(([name, path]) => `${table.path}: lacks ${name} of ${path}`),
    ...[...listed]
      .filter((name) => !there.has(name))
      .map((name) => `${table.path}: has ${name}, which is no token`),
  ];
}

/** Exported ones: others belong to their package alone. Comments begin with an asterisk. */
const declaration = /^export const (\w+):[^=]*=\s*(?:token|contributions)(?:<[^(]*>)?\(/gm;

/** A row's first cell. */
const row = /^\| `(\w+)` \|/gm;
