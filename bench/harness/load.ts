import { quantile } from './statistics.js';

/** What calls made without a pause came to. */
export interface Load {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Microseconds of this process's CPU time for each call. */
  readonly cpuUs: number;
}

/** Makes calls for so many milliseconds, as many at once as said, each caller one after the other. */
export async function load(
  call: (caller: number) => Promise<unknown>,
  { concurrency, ms }: { readonly concurrency: number; readonly ms: number },
): Promise<Load> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async (_, caller) => {
      for (let now = performance.now(); now - start < ms; ) {
        await call(caller);
        const end = performance.now();
        times.push(end - now);
        now = end;
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: times.length / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    cpuUs: (user + system) / times.length,
  };
}
