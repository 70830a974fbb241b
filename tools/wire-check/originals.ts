import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { debianPackage, type Suite } from '../debian/index.js';
import { descriptorsOf } from './build.js';

/** A line of containerd. */
export type Line = '1.6' | '1.7' | '2.1';

/** Every line whose `.proto` files Debian ships. */
export const lines: readonly Line[] = ['1.6', '1.7', '2.1'];

const sources: Readonly<Record<Line, { suite: Suite; packages: readonly string[] }>> = {
  '1.6': {
    suite: 'bookworm',
    packages: ['golang-github-containerd-containerd-dev', 'golang-github-containerd-cgroups-dev'],
  },
  '1.7': {
    suite: 'trixie',
    packages: ['golang-github-containerd-containerd-dev', 'golang-github-containerd-cgroups-dev'],
  },
  '2.1': {
    suite: 'forky',
    packages: [
      'golang-github-containerd-containerd-api-dev',
      'golang-github-containerd-cgroups-dev',
    ],
  },
};

/** What the originals import; of these packages only the files named are taken. */
const imported = {
  'golang-github-gogo-protobuf-dev': 'gogoproto/gogo.proto',
  'golang-github-gogo-googleapis-dev': 'google/rpc/status.proto',
};

const goRoot = 'usr/share/gocode/src';
const gogoRoot = /^github\.com\/gogo\/(?:protobuf|googleapis)\//;

/** Compiles containerd's own `.proto` files of a line, as Debian ships them. */
export async function originalsOf(line: Line): Promise<FileDescriptorSet> {
  const { suite, packages } = sources[line];
  const stage = await mkdtemp(join(tmpdir(), 'ctrd-originals-'));
  try {
    for (const name of packages) await stageProtos(stage, { suite, name }, () => true);
    for (const [name, file] of Object.entries(imported)) {
      await stageProtos(stage, { suite, name }, (path) => path === file);
    }
    return await descriptorsOf(stage);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Copies the `.proto` files of a package to where the imports of the others look for them. */
async function stageProtos(
  stage: string,
  wanted: { suite: Suite; name: string },
  accepts: (importPath: string) => boolean,
): Promise<void> {
  const folder = join(await debianPackage(wanted), goRoot);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.proto'));
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const importPath = relative(folder, path).replace(gogoRoot, '');
    if (!accepts(importPath)) continue;
    const target = join(stage, importPath);
    await mkdir(dirname(target), { recursive: true });
    // One file imports gogo.proto by its Go path, all others by its protobuf path.
    const text = await readFile(path, 'utf8');
    await writeFile(target, text.replace('"github.com/gogo/protobuf/gogoproto/', '"gogoproto/'));
  }
}
