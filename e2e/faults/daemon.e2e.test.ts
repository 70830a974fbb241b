import { rename } from 'node:fs/promises';
import { ctrd } from '@ctrd/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceOf, waitFor } from '../support/index.js';
import { type FaultClient, type Fixture, makeFixture, withClient } from './fixture.js';

let fixture: Fixture;
const namespace = namespaceOf(import.meta.url);

beforeAll(async () => {
  fixture = await makeFixture(namespace);
});

afterAll(() => fixture?.[Symbol.asyncDispose]());

/** Waits for a file of the shared folder, then exits with a code. */
const untilFile = (name: string, code: number) =>
  `until [ -e /host/${name} ]; do sleep 0.05; done; exit ${code}`;

const quiet = { stdio: 'null' } as const;

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

  // Longer than a shim tries to tell the daemon of an end.
  it.runIf(process.env['CTRD_LONG'] === '1')(
    'for a minute, and a container ends in it',
    async () => {
      await withClient(fixture, async ({ client, exits }) => {
        const long = await client.createContainer(fixture.sh('long', untilFile('long', 43), quiet));
        const stays = await client.createContainer(
          fixture.sh('stays', untilFile('stays', 44), quiet),
        );
        await fixture.daemon.kill();
        await fixture.touch('long');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
        await fixture.daemon.start();
        expect(await long.wait()).toMatchObject({ exitCode: 43 });
        await fixture.touch('stays');
        expect(await stays.wait()).toMatchObject({ exitCode: 44 });
        expect(exits.map(({ exitCode }) => exitCode)).toEqual([43, 44]);
        for (const job of [long, stays]) await job.destroy();
      });
    },
  );

  it('and comes back: containers and what runs in them go on, and each end is told once', async () => {
    await withClient(fixture, async ({ client, exits, execExits }) => {
      const job = await client.createContainer(fixture.sh('goes-on', untilFile('init', 5), quiet));
      const args = (name: string, code: number) => ['sh', '-c', untilFile(name, code)];
      const during = await job.exec({ args: args('during', 6) });
      const after = await job.exec({ args: args('after', 7) });
      const waiting = Promise.all([during.wait(), after.wait(), job.wait(), job.wait()]);
      for (const way of ['kill', 'stop'] as const) {
        await fixture.daemon[way]();
        if (way === 'kill') await fixture.touch('during');
        await fixture.daemon.start();
        await waitFor(() => client.version());
        expect(await job.info()).toMatchObject({ status: 'running', pid: job.pid });
      }
      await fixture.touch('after');
      await waitFor(() => execExits.length === 2);
      await fixture.touch('init');
      const codes = (await waiting).map(({ exitCode }) => exitCode);
      expect(codes).toEqual([6, 7, 5, 5]);
      expect(execExits.map(({ exitCode }) => exitCode)).toEqual([6, 7]);
      expect(exits.map(({ exitCode }) => exitCode)).toEqual([5]);
      await job.destroy();
    });
  });

  it('while containers are made: each call succeeds or fails for good, and only a killed runc’s cgroups are left', async () => {
    const run = async ({ client, exits }: FaultClient) => {
      for (let round = 0; round < 3; round += 1) {
        const making = [0, 1, 2, 3].map((index) =>
          client.createContainer(fixture.sh(`made-${round}-${index}`, 'sleep 600', quiet)),
        );
        const settled = Promise.allSettled(making);
        // A creation takes some 100 ms: the kill falls into another step of each.
        await new Promise((resolve) => setTimeout(resolve, 20 + 60 * round));
        await fixture.daemon.restart();
        // A connection notices a moment later that the daemon is back.
        await waitFor(() =>
          client.version().then(
            () => true,
            () => false,
          ),
        );
        for (const made of await settled) {
          if (made.status === 'rejected') {
            // What the daemon says of a runtime's call that died with it is `unknown`.
            expect(['unavailable', 'unknown', 'aborted', 'not-found']).toContain(made.reason.code);
            continue;
          }
          expect((await made.value.info()).status).toBe('running');
          await made.value.destroy({ graceMs: 0 });
        }
      }
      expect(exits).toEqual([]);
    };
    // The shim kills its runc when the daemon dies; nobody but that runc knows of its cgroups yet.
    await withClient(fixture, run, { except: /^cgroup / });
  });

  it('while processes are started in a container: none is started twice, all ends are told', async () => {
    await withClient(fixture, async ({ client, execExits }) => {
      const job = await client.createContainer(fixture.sh('entered', 'sleep 600', quiet));
      const args = ['sh', '-c', 'echo x >> /host/started; exit 9'];
      const starting = [0, 1, 2, 3].map((n) => job.exec({ args, execId: `exec-${n}` }));
      const settled = Promise.allSettled(starting);
      await new Promise((resolve) => setTimeout(resolve, 40));
      await fixture.daemon.restart();
      const processes = (await settled).flatMap((one) => {
        if (one.status === 'fulfilled') return [one.value];
        expect(['unavailable', 'unknown', 'aborted', 'not-found']).toContain(one.reason.code);
        return [];
      });
      for (const process of processes) expect(await process.wait()).toMatchObject({ exitCode: 9 });
      const ids = execExits.map(({ execId }) => execId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(processes.map(({ execId }) => execId)));
      // The shim that a second start breaks dies when the container ends.
      expect(await job.destroy({ graceMs: 0 })).toMatchObject({ exitCode: 137 });
    });
  });
});

describe('the daemon is stopped without ending', { timeout: 60_000 }, () => {
  it('calls end at their time limit, watches go on, nothing is done twice', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const job = await client.createContainer(fixture.sh('frozen', untilFile('frozen', 3), quiet));
      await fixture.daemon.freeze();
      try {
        await expect(job.info({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'timeout' });
        await fixture.touch('frozen');
        await expect(job.wait({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'timeout' });
      } finally {
        fixture.daemon.thaw();
      }
      expect(await job.wait()).toMatchObject({ exitCode: 3 });
      expect(exits).toHaveLength(1);
      await job.destroy();
    });
  });
});

describe('the socket is moved away', { timeout: 60_000 }, () => {
  it('who is connected goes on, who comes is told that it is missing, until it is back', async () => {
    await withClient(fixture, async ({ client }) => {
      const { address } = fixture.daemon;
      const job = await client.createContainer(fixture.sh('moved', untilFile('moved', 4), quiet));
      await rename(address, `${address}.away`);
      try {
        expect((await job.info()).status).toBe('running');
        const missing = { code: 'unavailable', reason: 'missing' };
        await expect(ctrd({ address }).connect()).rejects.toMatchObject(missing);
        await fixture.touch('moved');
        expect(await job.wait()).toMatchObject({ exitCode: 4 });
      } finally {
        await rename(`${address}.away`, address);
      }
      const other = await ctrd({ address }).connect();
      await other.close();
      await job.destroy();
    });
  });
});

describe('the client closes', { timeout: 60_000 }, () => {
  it('with a container that runs: nothing is told of it, and it goes on', async () => {
    const before = await fixture.oracle.count();
    await withClient(
      fixture,
      async ({ client, exits, execExits, failures }) => {
        const job = await client.createContainer(fixture.sh('kept', untilFile('kept', 8), quiet));
        const exec = await job.exec({ args: ['sleep', '600'] });
        const waits = [job.wait(), exec.wait()];
        const closed = waits.map((wait) => expect(wait).rejects.toMatchObject({ code: 'aborted' }));
        await client.close();
        await Promise.all(closed);
        expect([exits, execExits, failures]).toEqual([[], [], []]);
      },
      { leaves: true },
    );
    await withClient(
      fixture,
      async ({ client, exits }) => {
        const job = await client.recoverContainer('kept');
        expect((await job.info()).status).toBe('running');
        await fixture.touch('kept');
        expect(await job.wait()).toMatchObject({ exitCode: 8 });
        expect(exits).toHaveLength(1);
        await job.destroy();
      },
      { leaves: true },
    );
    await fixture.oracle.expectNothingLeft(before);
  });
});
