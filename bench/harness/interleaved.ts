/** What one variant of a comparison does in a round. */
export type Variant<T> = () => Promise<T>;

/**
 * Runs every variant once a round, every other round in reverse, so that a slow moment of the
 * machine hits them alike. A first round warms up and is not counted.
 */
export async function interleaved<T>(
  rounds: number,
  variants: ReadonlyMap<string, Variant<T>>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const results = new Map<string, T[]>([...variants.keys()].map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    const entries = [...variants];
    for (const [name, run] of round % 2 === 0 ? entries : entries.toReversed()) {
      const result = await run();
      if (round > 0) results.get(name)?.push(result);
    }
  }
  return results;
}
