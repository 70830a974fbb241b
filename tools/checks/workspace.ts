import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import ts from 'typescript';

export const repository = resolve(import.meta.dirname, '../..');

/** The part of a package.json that the checks read. */
export interface Manifest {
  readonly name: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** A package of the workspace. */
export interface Package {
  /** Its folder's name: `core`. */
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A source file and its text. */
export interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** All packages, by name. */
export async function packages(): Promise<Package[]> {
  const names = (await readdir(join(repository, 'packages'))).sort();
  return Promise.all(
    names.map(async (name) => {
      const folder = join(repository, 'packages', name);
      return { name, folder, manifest: await readManifest(folder) };
    }),
  );
}

/** A folder's package.json. */
export async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The files below a folder of the repository whose names end so. */
export async function filesBelow(folder: string, ending: RegExp): Promise<SourceFile[]> {
  const options = { recursive: true, withFileTypes: true } as const;
  const entries = await readdir(join(repository, folder), options).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.slice(repository.length).includes('/node_modules/'));
  return Promise.all(
    paths.sort().map(async (path) => ({
      path: path.slice(repository.length + 1),
      text: await readFile(path, 'utf8'),
    })),
  );
}

/** What a package ships as source: `src`, or `gen` where the code is generated. */
export async function sourcesOf({ name }: Package): Promise<SourceFile[]> {
  const folders = ['src', 'gen', 'bin'].map((folder) => `packages/${name}/${folder}`);
  return (await Promise.all(folders.map((folder) => filesBelow(folder, /\.(ts|js)$/)))).flat();
}

/** The modules that a file imports, as written; types too. */
export function importsOf({ text }: SourceFile): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** `@ctrd/core/grpc` → `@ctrd/core`; nothing for files of the package itself and Node's modules. */
export function packageOfImport(specifier: string): string | undefined {
  if (/^(\.|node:|#)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
