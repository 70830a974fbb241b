import { explain } from './failure.js';

/**
 * Does something to each of several things and prints what it answers, in order of their ends; one
 * that fails does not stop the others, and makes the command fail.
 */
export async function forEach(
  references: readonly string[],
  run: (reference: string) => Promise<string | undefined>,
): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    references.map(async (reference) => {
      try {
        const line = await run(reference);
        if (line !== undefined) process.stdout.write(`${line}\n`);
      } catch (error) {
        failures.push(error);
      }
    }),
  );
  const [first, ...more] = failures;
  for (const failure of more) process.stderr.write(`ctrd: ${explain(failure)}\n`);
  if (first !== undefined) throw first;
}
