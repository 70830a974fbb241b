import { join } from 'node:path';
import { atMost } from '../concurrency.js';
import type { Check } from './check.js';
import { problemsOf } from './program.js';
import { type Package, packages, repository } from './workspace.js';

/** What npm would publish, by publint's rules. */
export const publint: Check = {
  name: 'publint',
  needsBuild: true,
  run: () => ofEach(({ folder }) => problemsOf('publint', ['--strict', folder])),
};

/** Whether TypeScript finds the types of every export, however it resolves modules. */
export const attw: Check = {
  name: 'attw',
  needsBuild: true,
  run: () =>
    ofEach(({ folder }) => problemsOf('attw', ['--pack', folder, '--profile', 'esm-only'])),
};

/** Every export loads by `require()` in plain Node, as a CommonJS host would do it. */
export const requireEsm: Check = {
  name: 'require-esm',
  needsBuild: true,
  run: () =>
    ofEach(({ folder, manifest }) => {
      const subpaths = Object.keys(manifest.exports ?? {}).filter(
        (path) => !path.endsWith('.json'),
      );
      const script = subpaths
        .map((path) => `require(${JSON.stringify(join(manifest.name, path))});`)
        .join('\n');
      return problemsOf(process.execPath, ['--eval', script], { cwd: folder });
    }),
};

async function ofEach(run: (one: Package) => Promise<string[]>): Promise<string[]> {
  const results = await atMost(2, await packages(), async (one) =>
    (await run(one)).map((problem) => `${one.folder.slice(repository.length + 1)}: ${problem}`),
  );
  return results.flat();
}
