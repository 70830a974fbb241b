import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Where downloads are kept between runs: `CTRD_CACHE`, or `.cache` in the repository. */
export function cacheFolder(...below: string[]): string {
  const root = process.env['CTRD_CACHE'] ?? resolve(import.meta.dirname, '../../.cache');
  return join(root, ...below);
}

/**
 * The path of a file or folder that is made once. Makers write into a folder of their own and
 * rename the finished result, so that two processes at once do the work twice but never see half.
 */
export async function madeOnce(
  path: string,
  make: (target: string) => Promise<void>,
): Promise<string> {
  if (await exists(path)) return path;
  return replaced(path, make);
}

/** Like {@link madeOnce}, for what must be made anew although an older one exists. */
export async function replaced(
  path: string,
  make: (target: string) => Promise<void>,
): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const workshop = await mkdtemp(join(dirname(path), `.${basename(path)}-`));
  try {
    const target = join(workshop, basename(path));
    await make(target);
    await rename(target, path).catch((error: NodeJS.ErrnoException) => {
      // A folder does not replace a folder that is not empty: another process was first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return path;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Whether something is there, and if an age in milliseconds is given, not older than that. */
export async function exists(path: string, maxAgeMs = Number.POSITIVE_INFINITY): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs <= maxAgeMs;
  } catch {
    return false;
  }
}
