// Checks what tests cannot: `npm run check [-- NAME...] [--fix]`.
import { writeResult } from '../ci/result.js';
import { atMost } from '../concurrency.js';
import { boundaries } from './boundaries.js';
import type { Check } from './check.js';
import { biome, build, knip, typecheck } from './commands.js';
import { dependencies } from './dependencies.js';
import { faults } from './faults.js';
import { hygiene } from './hygiene.js';
import { attw, publint, requireEsm } from './packaging.js';
import { quotes } from './quotes.js';
import { tokens } from './tokens.js';
import { tsdoc } from './tsdoc.js';

const all: readonly Check[] = [
  build,
  typecheck,
  biome,
  knip,
  boundaries,
  dependencies,
  hygiene,
  quotes,
  faults,
  tokens,
  tsdoc,
  publint,
  attw,
  requireEsm,
];

/** Two at once: most use more than one processor themselves. */
const atOnce = 2;
const shownLines = 80;

const args = process.argv.slice(2);
const fix = args.includes('--fix');
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.filter((name) => !all.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(
    `no such check: ${unknown.join(' ')}\nthere are: ${all.map((c) => c.name).join(' ')}`,
  );
  process.exit(1);
}
const chosen = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
const needsBuild = chosen.some((check) => check.needsBuild) && !chosen.includes(build);

// What looks at `dist` waits for the build, which is fast when nothing has changed.
const before = [...(needsBuild ? [build] : []), ...chosen.filter((check) => !check.needsBuild)];
const rows = [
  ...(await atMost(atOnce, before, outcome)),
  ...(await atMost(
    atOnce,
    chosen.filter((check) => check.needsBuild),
    outcome,
  )),
];

console.log('');
for (const { name, problems, seconds } of rows) {
  const result = problems.length === 0 ? 'ok' : `${problems.length} problems`;
  console.log(`${name.padEnd(14)} ${`${seconds} s`.padStart(8)}  ${result}`);
}
const failed = rows.filter(({ problems }) => problems.length > 0).length;
await writeResult('checks', { passed: rows.length - failed, failed });
process.exit(failed === 0 ? 0 : 1);

async function outcome(check: Check) {
  const start = performance.now();
  const problems = await check.run({ fix }).catch((error: unknown) => [String(error)]);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (problems.length > 0) {
    console.log(`\n${check.name}:`);
    // A program that prints a lot says what went wrong at its end.
    if (problems.length > shownLines) console.log(`  ... ${problems.length - shownLines} more`);
    for (const problem of problems.slice(-shownLines)) console.log(`  ${problem}`);
  }
  return { name: check.name, problems, seconds };
}
