/** The value below which the given share of the numbers lies; of an even count, the upper one; `NaN` of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return sorted[index] ?? Number.NaN;
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/**
 * How many times the control a variant is. Round by round, since what else the machine does then
 * hits both; then the median.
 */
export function ratioTo(control: readonly number[], variant: readonly number[]): number {
  return median(variant.map((value, round) => value / (control[round] ?? Number.NaN)));
}

/** A number with three digits that say something. */
export function short(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
