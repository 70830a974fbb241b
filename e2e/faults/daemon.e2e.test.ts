import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceOf, waitFor } from '../support/index.js';
import { type Fixture, makeFixture, withClient } from './fixture.js';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await makeFixture(namespaceOf(import.meta.url));
});

afterAll(() => fixture?.[Symbol.asyncDispose]());

/** Waits for a file of the shared folder, then exits with a code. */
const untilFile = (name: string, code: number) =>
  `until [ -e /host/${name} ]; do sleep 0.05; done; exit ${code}`;

describe('the daemon is killed', { timeout: 120_000 }, () => {
  it('and a container ends meanwhile: its true code is told, while the daemon is still away', async () => {
    await withClient(fixture, async ({ client, exits, failures }) => {
      const job = await client.createContainer(fixture.sh('ends', untilFile('ends', 42)));
      await fixture.daemon.kill();
      await fixture.touch('ends');
      await waitFor(() => exits.length > 0, { what: 'the hook is told' });
      expect(exits).toEqual([
        { containerId: 'ends', execId: '', exitCode: 42, exitedAt: expect.any(Date) },
      ]);
      await fixture.daemon.start();
      expect(await job.wait()).toBe(exits[0]);
      expect(await job.info()).toMatchObject({ status: 'none', exit: { exitCode: 42 } });
      await job.destroy();
      expect(exits).toHaveLength(1);
      expect(failures).toEqual([]);
    });
  });
});
