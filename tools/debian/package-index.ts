import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { debianMirrors } from './apt-sources.js';
import { cacheFolder, exists, replaced } from './cache.js';
import { download } from './download.js';

/** A suite by its code name. */
export type Suite = 'bookworm' | 'trixie' | 'forky';

/** What the index of a suite says about one package. */
export interface PackageEntry {
  readonly name: string;
  readonly version: string;
  /** Path below the mirror. */
  readonly filename: string;
  /** Hexadecimal digest of the file. */
  readonly sha256: string;
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Looks a package up in a suite's index, which is kept for a day; an older one serves while the
 * mirror cannot be reached.
 */
export async function packageEntry(
  { suite, name, architecture }: { suite: Suite; name: string; architecture: string },
  { maxAgeMs = dayMs }: { maxAgeMs?: number } = {},
): Promise<PackageEntry> {
  const path = cacheFolder('debian', `${suite}-${architecture}-Packages.gz`);
  if (!(await exists(path, maxAgeMs))) {
    const below = `dists/${suite}/main/binary-${architecture}/Packages.gz`;
    try {
      await replaced(path, (target) => fromMirror(below, target));
    } catch (error) {
      if (!(await exists(path))) throw error;
    }
  }
  const text = (await promisify(gunzip)(await readFile(path))).toString('utf8');
  const entry = parseEntry(text, name);
  if (entry === undefined) throw new Error(`${suite} has no package ${name} for ${architecture}`);
  return entry;
}

/** Downloads a path from the first of the machine's mirrors that has it. */
export async function fromMirror(below: string, target: string): Promise<void> {
  const failures: unknown[] = [];
  for (const mirror of await debianMirrors()) {
    try {
      return await download(`${mirror}/${below}`, target);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(failures, `none of the mirrors in /etc/apt gives ${below}`);
}

/** Finds a package's paragraph in the text of an index. */
export function parseEntry(index: string, name: string): PackageEntry | undefined {
  const start = `\n${index}`.indexOf(`\nPackage: ${name}\n`);
  if (start < 0) return undefined;
  const end = index.indexOf('\n\n', start);
  const paragraph = index.slice(start, end < 0 ? undefined : end);
  const value = (key: string): string =>
    new RegExp(`^${key}: (.+)$`, 'm').exec(paragraph)?.[1] ?? '';
  return {
    name,
    version: value('Version'),
    filename: value('Filename'),
    sha256: value('SHA256'),
  };
}
