import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { cacheFolder, madeOnce } from './cache.js';
import { Refused } from './download.js';
import { fromMirror, type PackageEntry, packageEntry, type Suite } from './package-index.js';

export { cacheFolder, madeOnce } from './cache.js';
export type { Suite } from './package-index.js';

const run = promisify(execFile);

/**
 * A Debian package's files, without installing it: the `.deb` is downloaded from the mirror in
 * this machine's apt sources, checked against the suite's index and unpacked into the cache.
 *
 * @returns the folder with the unpacked tree (`usr/bin/...`). It is shared: do not write into it.
 */
export async function debianPackage(wanted: { suite: Suite; name: string }): Promise<string> {
  const { stdout } = await run('dpkg', ['--print-architecture']);
  const subject = { ...wanted, architecture: stdout.trim() };
  try {
    return await unpacked(subject, await packageEntry(subject));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // The mirror has moved on since the index was fetched.
    return await unpacked(subject, await packageEntry(subject, { maxAgeMs: 0 }));
  }
}

function unpacked(subject: { suite: Suite; architecture: string }, entry: PackageEntry) {
  // The epoch's colon is left out: the folder may stand in PATH-like variables.
  const version = entry.version.replace(/^\d+:/, '');
  const folder = `${entry.name}_${version}_${subject.architecture}`;
  return madeOnce(cacheFolder('debian', subject.suite, folder), async (target) => {
    const file = `${target}.deb`;
    await fromMirror(entry.filename, file);
    const sha256 = await digestOf(file);
    if (sha256 !== entry.sha256) {
      throw new Error(`${entry.filename} has SHA256 ${sha256}, its index says ${entry.sha256}`);
    }
    await mkdir(target);
    await run('dpkg', ['-x', file, target]);
    await rm(file);
  });
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
