import type { Context, Run } from '../context.js';
import { explain } from '../failure.js';
import { json } from '../output/json.js';
import { print } from '../output/print.js';
import { type Column, table } from '../output/table.js';
import { ago } from '../output/units.js';
import type { FindingRow } from '../shapes.js';

const columns: readonly Column<FindingRow>[] = [
  { heading: 'KIND', of: ({ kind }) => kind },
  { heading: 'ID', of: ({ id }) => id, shrinks: true },
  { heading: 'OWNER', of: ({ owner, ownerState }) => (owner === undefined ? '-' : ownerState) },
  { heading: 'SINCE', of: ({ since }) => (since === undefined ? '-' : ago(since)) },
  { heading: 'WHY', of: ({ why }) => why, shrinks: true },
];

type Problems = Awaited<ReturnType<Context['client']['doctor']>>['problems'];

/** Fails with 1 when there is something to sweep, so that scripts can ask. */
export const doctor: Run = async (_args, _options, context) => {
  const { findings, problems } = await context.client.doctor({ signal: context.signal });
  const { output, template } = context.print;
  if (findings.length === 0 && output === 'table' && template === undefined) {
    process.stdout.write('there is nothing to sweep\n');
  } else print(context, findings satisfies readonly FindingRow[], columns);
  tellProblems(problems);
  if (findings.length > 0 || problems.length > 0) context.exit(1);
};

interface SweepFlags {
  readonly dryRun?: true;
  readonly unowned?: true;
  readonly kind?: readonly string[];
  readonly olderThan?: number;
}

export const sweep: Run<SweepFlags> = async (_args, flags, context) => {
  const { client, signal, print: how } = context;
  const { dryRun, unowned, kind: kinds, olderThan: olderThanMs } = flags;
  const report = await client.sweep({ dryRun, unowned, kinds, olderThanMs, signal });
  const { removed, kept, problems } = report;
  if (how.output === 'json') process.stdout.write(`${json({ removed, kept })}\n`);
  else {
    const verb = dryRun === true ? 'would remove' : 'removed';
    process.stdout.write(`${verb} ${removed.length}, kept ${kept.length}\n`);
    if (removed.length > 0) process.stdout.write(table(removed, columns));
  }
  tellProblems(problems);
  if (problems.length > 0) context.exit(1);
};

function tellProblems(problems: Problems): void {
  for (const { caretaker, finding, error } of problems) {
    const what = finding === undefined ? caretaker : `${finding.kind} ${finding.id}`;
    process.stderr.write(`ctrd: ${what}: ${explain(error)}\n`);
  }
}
