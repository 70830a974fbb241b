/** The same work done several times. */
export interface Runs {
  /** Milliseconds of each. */
  readonly runs: readonly number[];
  /** Milliseconds from the first's begin to the last's end. */
  readonly allMs: number;
  /** Milliseconds of CPU time of the process that did it, for each; not known of `ctr`. */
  readonly cpuMs?: number;
}

/** Does the work so often, so many at once. */
export async function repeat(
  work: (index: number) => Promise<unknown>,
  { count, concurrency }: { readonly count: number; readonly concurrency: number },
): Promise<Runs> {
  const runs: number[] = [];
  let next = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < count) {
        const begin = performance.now();
        await work(next++);
        runs.push(performance.now() - begin);
      }
    }),
  );
  const allMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { runs, allMs, cpuMs: (user + system) / 1000 / count };
}
