import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** How many passed and failed. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

const folder = resolve(import.meta.dirname, '../../.cache/results');

/** Leaves a count for `.ci/run`, which adds them up. */
export async function writeResult(name: 'tests' | 'checks', count: Count): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), JSON.stringify(count));
}
