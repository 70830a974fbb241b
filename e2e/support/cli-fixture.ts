import { afterAll, beforeAll, expect, vi } from 'vitest';
import { bundleCli } from './bundle-cli.js';
import { cliIn } from './cli.js';
import { daemon, namespaceOf } from './daemon.js';
import { busyboxImageTar, busyboxName } from './image.js';
import { leakOracle, type OracleOptions, type Remains } from './leak-oracle.js';

/**
 * What the tests of the `ctrd` command stand on: the command, and the project's daemon with an image
 * in a namespace of the file's own. At the end, nothing may be left.
 *
 * @param file - `import.meta.url`
 */
export function cliFixture(file: string, options: OracleOptions = {}) {
  // Each step is a process of its own, which takes its time on a busy machine.
  vi.setConfig({ testTimeout: 240_000 });
  const containerd = daemon();
  const namespace = namespaceOf(file);
  const oracle = leakOracle(containerd, namespace, options);
  const cli = cliIn(containerd, namespace);
  let before: Remains;

  beforeAll(async () => {
    await bundleCli(cli.folder);
    // After the bundler, which goes on in the background.
    before = await oracle.count();
    expect(await cli.ok('import', await busyboxImageTar())).toBe(`${busyboxName}\n`);
  });

  afterAll(async () => {
    await cli.run(['rmi', '--sync', busyboxName]);
    await oracle.expectNothingLeft(before);
    await cli[Symbol.asyncDispose]();
  });

  return { ...cli, containerd, namespace };
}
