import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceOf, shims, waitFor } from '../support/index.js';
import { type FaultClient, type Fixture, makeFixture, withClient } from './fixture.js';

// Ends that are learnt from events, where events alone would tell them wrongly or not at all. The
// other files of this folder run with `CTRD_EXITS=events` as well.

let fixture: Fixture;
const namespace = namespaceOf(import.meta.url);

beforeAll(async () => {
  fixture = await makeFixture(namespace);
});

afterAll(() => fixture?.[Symbol.asyncDispose]());

const quiet = { stdio: 'null' } as const;
const untilFile = (name: string, code: number) =>
  `until [ -e /host/${name} ]; do sleep 0.05; done; exit ${code}`;

const withEvents = (run: (made: FaultClient) => Promise<void>, leaves = false) =>
  withClient(fixture, run, { source: 'events', leaves });

describe('an end that is learnt from events', { timeout: 60_000 }, () => {
  it('while the daemon is away is told by the shim; what runs is watched again afterwards', async () => {
    await withEvents(async ({ client, exits, execExits, failures }) => {
      const ends = await client.createContainer(fixture.sh('ends', untilFile('ends', 42), quiet));
      const goes = await client.createContainer(fixture.sh('goes', untilFile('goes', 5), quiet));
      const inside = await goes.exec({ args: ['sh', '-c', untilFile('inside', 6)] });
      await fixture.daemon.kill();
      await fixture.touch('ends');
      await waitFor(() => exits.length > 0, { what: 'the hook is told' });
      expect(exits).toMatchObject([{ containerId: 'ends', exitCode: 42 }]);
      await fixture.daemon.start();
      expect(await ends.wait()).toBe(exits[0]);
      await fixture.touch('inside');
      expect(await inside.wait()).toMatchObject({ exitCode: 6 });
      await fixture.touch('goes');
      expect(await goes.wait()).toMatchObject({ exitCode: 5 });
      expect([exits.length, execExits.length, failures]).toEqual([2, 1, []]);
      await Promise.all([ends.destroy(), goes.destroy()]);
    });
  });

  it('which the daemon makes up for a dead shim is lost, and so is that of what was started in it', async () => {
    await withEvents(async ({ client, exits, execExits }) => {
      const job = await client.createContainer(fixture.sh('orphan', 'sleep 600', quiet));
      const exec = await job.exec({ args: ['sleep', '600'] });
      const shim = (await shims()).find((one) => one.namespace === namespace);
      process.kill(shim?.pid ?? 0, 'SIGKILL');
      const lost = { exitCode: 255, lost: expect.any(String) };
      expect(await job.wait()).toMatchObject(lost);
      expect(await exec.wait()).toMatchObject(lost);
      expect([exits.length, execExits.length]).toEqual([1, 1]);
      await job.destroy();
    });
  });

  it('is of the life that ended, when an id is used again and again, and true of one that was killed', async () => {
    await withEvents(async ({ client, exits }) => {
      for (const code of [1, 2, 3]) {
        const job = await client.createContainer(fixture.sh('again', `exit ${code}`, quiet));
        expect(await job.wait()).toMatchObject({ exitCode: code });
        await job.destroy();
      }
      const job = await client.createContainer(fixture.sh('again', 'sleep 600', quiet));
      process.kill(job.pid, 'SIGKILL');
      expect(await job.wait()).toEqual({
        ...{ containerId: 'again', execId: '', exitCode: 137, exitedAt: expect.any(Date) },
      });
      expect(exits.map(({ exitCode }) => exitCode)).toEqual([1, 2, 3, 137]);
      await job.destroy();
    });
  });

  it('of an exec that is named as its container is not the container’s', async () => {
    await withEvents(async ({ client, exits, execExits }) => {
      const job = await client.createContainer(fixture.sh('named', 'sleep 600', quiet));
      const exec = await job.exec({ args: ['sh', '-c', 'exit 7'], execId: 'named' });
      expect(await exec.wait()).toMatchObject({ execId: 'named', exitCode: 7 });
      expect([exits, execExits.length]).toEqual([[], 1]);
      expect((await job.info()).status).toBe('running');
      await job.destroy({ graceMs: 0 });
    });
  });

  it('that nobody saw is found when the container is recovered', async () => {
    const before = await fixture.oracle.count();
    await withEvents(async ({ client }) => {
      await client.createContainer(fixture.sh('unseen', untilFile('unseen', 9), quiet));
    }, true);
    await fixture.touch('unseen');
    await waitFor(async () =>
      (await fixture.daemon.ctr('-n', namespace, 'tasks', 'ls')).includes('STOPPED'),
    );
    await withEvents(async ({ client, exits }) => {
      const job = await client.recoverContainer('unseen');
      expect(await job.wait()).toMatchObject({ exitCode: 9 });
      expect(exits).toHaveLength(1);
      await job.destroy();
    }, true);
    await fixture.oracle.expectNothingLeft(before);
  });
});
