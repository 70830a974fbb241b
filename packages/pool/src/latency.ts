/** How much a new time counts in the average. */
const freshness = 0.2;

/** The moving average after one more time. */
export function averaged(average: number | undefined, ms: number): number {
  return average === undefined ? ms : average + freshness * (ms - average);
}
