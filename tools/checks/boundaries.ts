import type { Check } from './check.js';
import { importsOf, packageOfImport, packages, type SourceFile, sourcesOf } from './workspace.js';

const features = ['pool', 'snapshots', 'images', 'containers', 'daemon'];

/**
 * Which packages of the workspace a package may import. Feature packages know the kernel and the
 * generated API, never each other: what one needs of another is a token of the kernel.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  api: [],
  core: ['api'],
  ...Object.fromEntries(features.map((name) => [name, ['api', 'core']])),
  client: ['core', ...features],
  cli: ['client'],
};

/** Imports among the packages stay within the table. */
export const boundaries: Check = {
  name: 'boundaries',
  run: async () => {
    const problems = await Promise.all(
      (await packages()).map(async (one) => crossings(one.name, await sourcesOf(one))),
    );
    return problems.flat();
  },
};

/** The imports of a package's files that the table does not allow. */
export function crossings(name: string, files: readonly SourceFile[]): string[] {
  const allowed = mayImport[name];
  if (allowed === undefined) return [`packages/${name} is not in the table of imports`];
  return files.flatMap((file) =>
    importsOf(file).flatMap((specifier) => {
      const [, imported] = /^@ctrd\/(.+)$/.exec(packageOfImport(specifier) ?? '') ?? [];
      if (imported === undefined || imported === name || allowed.includes(imported)) return [];
      return [`${file.path}: ${name} may not import ${specifier}`];
    }),
  );
}
