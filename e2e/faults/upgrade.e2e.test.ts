import { expect, inject, it } from 'vitest';
import { lines, namespaceOf, waitFor } from '../support/index.js';
import { makeFixture, withClient } from './fixture.js';

const namespace = namespaceOf(import.meta.url);
const [oldest = inject('line'), ...newer] = lines;

// Each newer line follows the older one, so that one run of all of them is enough.
it.runIf(inject('line') === lines.at(-1))(
  'an upgrade over the same root, line by line: containers go on, and what ends meanwhile is told once',
  { timeout: 120_000 },
  async () => {
    await using fixture = await makeFixture(namespace, { line: oldest });
    await withClient(fixture, async ({ client, exits, execExits }) => {
      const until = (name: string, code: number) =>
        `until [ -e /host/${name} ]; do sleep 0.05; done; exit ${code}`;
      const quiet = { stdio: 'null' } as const;
      const job = await client.createContainer(fixture.sh('stays', until('stays', 5), quiet));
      for (const [index, line] of newer.entries()) {
        const ends = `ends-${index}`;
        await client.createContainer(fixture.sh(ends, until(ends, 20 + index), quiet));
        await fixture.daemon.stop();
        await fixture.touch(ends);
        await waitFor(() => exits.length === index + 1, { what: 'the shim tells the end' });
        await fixture.daemon.start(line);
        const version = await waitFor(() => client.version().catch(() => undefined));
        expect(version.version).toContain(line);
        expect(await job.info()).toMatchObject({ status: 'running', pid: job.pid });
        expect(await client.waitContainer(ends)).toMatchObject({ exitCode: 20 + index });
        // With the task API of the new line on the shim of the old one.
        const process = await job.exec({ args: ['sh', '-c', 'exit 6'] });
        expect(await process.wait()).toMatchObject({ exitCode: 6 });
        await client.destroyContainer(ends);
        const made = await client.createContainer(fixture.sh(`of-${index}`, 'exit 7', quiet));
        expect(await made.wait()).toMatchObject({ exitCode: 7 });
        await made.destroy();
      }
      await fixture.touch('stays');
      expect(await job.wait()).toMatchObject({ exitCode: 5 });
      expect(exits.map(({ exitCode }) => exitCode)).toEqual([20, 7, 21, 7, 5]);
      expect(execExits).toHaveLength(2);
      await job.destroy();
    });
  },
);
