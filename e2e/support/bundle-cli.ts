import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'tsup';

/** Bundles the `ctrd` command from the sources into a folder; gives the path of its program. */
export async function bundleCli(folder: string): Promise<string> {
  const cli = join(import.meta.dirname, '../../packages/cli');
  await mkdir(join(folder, 'bin'));
  await copyFile(join(cli, 'package.json'), join(folder, 'package.json'));
  await copyFile(join(cli, 'bin/ctrd.js'), join(folder, 'bin/ctrd.js'));
  const { default: config } = await import('../../packages/cli/tsup.config.js');
  await build({
    ...(config as object),
    config: false,
    silent: true,
    entry: ['main', 'logger', 'keeper'].map((name) => join(cli, `src/${name}.ts`)),
    outDir: join(folder, 'dist'),
  });
  await writeFile(join(folder, 'dist/package.json'), '{"type":"module"}');
  return join(folder, 'bin/ctrd.js');
}
