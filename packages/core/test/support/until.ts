import { setTimeout as delay } from 'node:timers/promises';

/** Waits until a condition holds; the test's own time limit ends a vain wait. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5);
}

/** Waits until a count no longer grows, for as long as forty looks at it. */
export async function untilStill(count: () => number): Promise<void> {
  let seen = count();
  for (let looks = 0; looks < 40; looks += 1) {
    await delay(5);
    if (count() === seen) continue;
    seen = count();
    looks = 0;
  }
}
