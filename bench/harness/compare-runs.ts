import { interleaved, type Variant } from './interleaved.js';
import type { Runs } from './runs.js';
import { median, quantile, ratioTo, short } from './statistics.js';
import { table } from './table.js';

/**
 * Compares how long work takes, one after the other.
 *
 * @param control - the name of the variant that the others are compared with; when it is missing
 *   there are no ratios.
 */
export async function compareRuns(
  rounds: number,
  variants: ReadonlyMap<string, Variant<Runs>>,
  control: string,
): Promise<string> {
  const results = await interleaved(rounds, variants);
  const medians = (of: readonly Runs[]) => of.map(({ runs }) => median(runs));
  const rows = [...results].map(([name, of]) => {
    const all = of.flatMap(({ runs }) => runs);
    return [
      name,
      short(median(all)),
      short(quantile(all, 0.99)),
      ratioTo(medians(results.get(control) ?? []), medians(of)).toFixed(2),
      short(median(of.flatMap(({ cpuMs }) => cpuMs ?? []))),
    ];
  });
  return table(['', 'p50 ms', 'p99 ms', `times ${control}`, 'client CPU ms'], rows);
}
