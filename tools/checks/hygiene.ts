import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianMirrors } from '../debian/apt-sources.js';
import type { Check } from './check.js';
import { packages, repository, type SourceFile, sourcesOf } from './workspace.js';

const maxLines = 300;

/** What no linter looks for: long files, ways around the compiler, traces of a machine. */
export const hygiene: Check = {
  name: 'hygiene',
  run: async () => {
    const sources = await Promise.all(
      (await packages()).filter(({ name }) => name !== 'api').map(sourcesOf),
    );
    const mirrors = (await debianMirrors()).map((uri) => new URL(uri).host);
    const tracked = await trackedFiles();
    return [
      ...sources.flat().flatMap(ofSource),
      ...tracked.flatMap((file) => traces(file, mirrors)),
      ...tracked.filter(({ path }) => path === 'package-lock.json').flatMap(addresses),
    ];
  },
};

/** Problems of one source file of a package. */
export function ofSource({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split('\n').length;
  return [
    ...(lines > maxLines ? [`${path}: has ${lines} lines, more than ${maxLines}`] : []),
    ...(/^export default\b/m.test(text) ? [`${path}: has a default export`] : []),
    ...(/@ts-(ignore|nocheck|expect-error)|biome-ignore/.test(text)
      ? [`${path}: silences a tool`]
      : []),
    ...(/\bas any\b|\bas never as\b|<any>/.test(text) ? [`${path}: casts to any`] : []),
  ];
}

/** Paths and hosts of the machine that a file was written on. */
export function traces({ path, text }: SourceFile, hosts: readonly string[]): string[] {
  const home = [repository, ...hosts, hostname()].filter((word) => word.length > 3);
  return home.filter((word) => text.includes(word)).map((word) => `${path}: mentions ${word}`);
}

/** A lockfile that names a registry's host works nowhere else. */
export function addresses({ path, text }: SourceFile): string[] {
  return /"resolved": "https?:/.test(text) ? [`${path}: has download addresses`] : [];
}

async function trackedFiles(): Promise<SourceFile[]> {
  const options = { cwd: repository, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], options);
  const paths = stdout.split('\0').filter((path) => path !== '');
  const files = await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(join(repository, path)).catch(() => Buffer.alloc(0));
      return { path, text: bytes.includes(0) ? '' : bytes.toString('utf8') };
    }),
  );
  return files;
}
