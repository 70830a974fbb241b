import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from './check.js';
import {
  filesBelow,
  importsOf,
  type Manifest,
  type Package,
  packageOfImport,
  packages,
  readManifest,
  repository,
  type SourceFile,
  sourcesOf,
} from './workspace.js';

const licences = new Set([
  'Apache-2.0',
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  '(Apache-2.0 AND BSD-3-Clause)',
]);

const installScripts = ['preinstall', 'install', 'postinstall'];

/** What the packages bring into a host: only plain JavaScript that may be used, and all of it used. */
export const dependencies: Check = {
  name: 'dependencies',
  run: async () => {
    const all = await packages();
    const problems = await Promise.all(all.map(ofPackage));
    const lock = JSON.parse(await readFile(join(repository, 'package-lock.json'), 'utf8')) as Lock;
    return [...new Set([...problems.flat(), ...licenceProblems(lock)])];
  },
};

async function ofPackage(one: Package): Promise<string[]> {
  const sources = await sourcesOf(one);
  const direct = Object.keys(one.manifest.dependencies ?? {});
  const foreign = await Promise.all(
    direct.filter((name) => !name.startsWith('@ctrd/')).map((name) => ofDependency(one, name)),
  );
  return [
    ...carried(`packages/${one.name}`, one.manifest, sources),
    ...unbalanced(one.name, one.manifest, sources),
    ...foreign.flat(),
  ];
}

async function ofDependency(one: Package, name: string): Promise<string[]> {
  const nested = join('packages', one.name, 'node_modules', name);
  const isNested = await access(join(repository, nested)).then(
    () => true,
    () => false,
  );
  const folder = isNested ? nested : join('node_modules', name);
  const code = await filesBelow(folder, /\.([cm]?js|node|wasm|gyp)$/);
  return carried(folder, await readManifest(join(repository, folder)), code);
}

/** Install scripts, native addons and WebAssembly, as files or inlined (base64 of `\0asm`). */
export function carried(
  where: string,
  { scripts = {} }: Manifest,
  files: readonly SourceFile[],
): string[] {
  return [
    ...installScripts.filter((name) => name in scripts).map((name) => `${where}: script ${name}`),
    ...files
      .filter(({ path }) => /\.(node|wasm|gyp)$/.test(path))
      .map(({ path }) => `${path}: is not JavaScript`),
    ...files
      .filter(({ text }) => /\bWebAssembly\.\w|["'`]AGFzbQ|\\0asm|\\x00asm/.test(text))
      .map(({ path }) => `${path}: carries WebAssembly`),
  ];
}

/** Imports that are not declared, and declared dependencies that nothing imports. */
export function unbalanced(
  name: string,
  { name: own, dependencies: declared = {}, peerDependencies = {} }: Manifest,
  files: readonly SourceFile[],
): string[] {
  const imported = new Set(
    files.flatMap(importsOf).flatMap((specifier) => packageOfImport(specifier) ?? []),
  );
  imported.delete(own);
  const known = { ...declared, ...peerDependencies };
  return [
    ...[...imported]
      .filter((dependency) => !(dependency in known))
      .map((dependency) => `packages/${name}: imports ${dependency} but does not declare it`),
    ...Object.keys(declared)
      .filter((dependency) => !imported.has(dependency))
      .map((dependency) => `packages/${name}: declares ${dependency} but does not import it`),
  ];
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { license?: string; dev?: boolean; link?: boolean; devOptional?: boolean }>
  >;
}

/** Everything that is installed with our packages, however deep, has a licence of the list. */
export function licenceProblems({ packages: all }: Lock): string[] {
  return Object.entries(all).flatMap(([path, { license, dev, devOptional, link }]) => {
    const isShipped = path.includes('node_modules/') && !dev && !devOptional && !link;
    if (!isShipped || licences.has(license ?? '')) return [];
    return [`${path}: its licence is ${license ?? 'not given'}`];
  });
}
