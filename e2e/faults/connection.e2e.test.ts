import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@ctrd/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LosingProxy, losingProxy, namespaceOf } from '../support/index.js';
import { type Fixture, makeFixture, withClient } from './fixture.js';

let fixture: Fixture;
let proxy: LosingProxy;
const namespace = namespaceOf(import.meta.url);

beforeAll(async () => {
  fixture = await makeFixture(namespace);
  proxy = await losingProxy(fixture.daemon);
});

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

const quiet = { stdio: 'null' } as const;

/** What a call gave, or nothing when it failed because of the connection. */
const unlessLost = <T>(call: Promise<T>): Promise<T | undefined> =>
  call.catch((error: unknown) => {
    if (!hasCode(error, 'unavailable')) throw error;
    return undefined;
  });

/** How often a script has run that writes a line to a file. */
const runsOf = async (name: string): Promise<number> =>
  (await readFile(join(fixture.shared, name), 'utf8').catch(() => '')).split('\n').length - 1;

describe('the connection is lost after a request and before its answer', {
  timeout: 60_000,
}, () => {
  it.each(['containers.v1.Containers/Create', 'tasks.v1.Tasks/Create', 'tasks.v1.Tasks/Start'])(
    '%s of a container: it is made for good or undone, and never started twice',
    async (method) => {
      await withClient(fixture, async ({ client, exits }) => {
        const id = method.replace(/\W/g, '-').toLowerCase();
        const lost = proxy.loseAnswer(method);
        const script = `echo x >> /host/${id}; exit 7`;
        const made = await unlessLost(client.createContainer(fixture.sh(id, script, quiet)));
        await lost;
        if (made !== undefined) {
          expect(await made.wait()).toMatchObject({ exitCode: 7 });
          await made.destroy();
        }
        expect(await runsOf(id)).toBeLessThanOrEqual(1);
        expect(exits).toHaveLength(made === undefined ? 0 : 1);
      });
    },
  );

  it.each(['tasks.v1.Tasks/Exec', 'tasks.v1.Tasks/Start'])(
    '%s of a process: it runs once, or not at all, and the shim survives it',
    async (method) => {
      await withClient(fixture, async ({ client, execExits }) => {
        const id = `exec-${method.replace(/\W/g, '-').toLowerCase()}`;
        const job = await client.createContainer(fixture.sh(id, 'sleep 600', quiet));
        const lost = proxy.loseAnswer(method);
        const args = ['sh', '-c', `echo x >> /host/${id}; exit 8`];
        const made = await unlessLost(job.exec({ args }));
        await lost;
        if (made !== undefined) expect(await made.wait()).toMatchObject({ exitCode: 8 });
        expect(await runsOf(id)).toBeLessThanOrEqual(1);
        expect(execExits).toHaveLength(made === undefined ? 0 : 1);
        // The shim that a second start breaks dies when the container ends.
        expect(await job.destroy({ graceMs: 0 })).toMatchObject({ exitCode: 137 });
      });
    },
  );

  it.each(['tasks.v1.Tasks/Kill', 'tasks.v1.Tasks/Delete', 'containers.v1.Containers/Delete'])(
    '%s of a container that is destroyed: it is gone, at the latest with the next call',
    async (method) => {
      await withClient(fixture, async ({ client, exits }) => {
        const id = `gone-${method.replace(/\W/g, '-').toLowerCase()}`;
        const job = await client.createContainer(fixture.sh(id, 'sleep 600', quiet));
        const lost = proxy.loseAnswer(method);
        // What has ended it is not sent a second time unasked.
        const destroyed = job.destroy({ graceMs: 0 }).then(() => true);
        if ((await unlessLost(destroyed)) === undefined) await job.destroy({ graceMs: 0 });
        await lost;
        expect(exits.length).toBeLessThanOrEqual(1);
      });
    },
  );
});

describe('the daemon ends a connection for too many pings', { timeout: 60_000 }, () => {
  it('that another made: watches and calls go on over a new one, and no end is missed', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const script = 'until [ -e /host/pinged ]; do sleep 0.05; done; exit 9';
      const job = await client.createContainer(fixture.sh('pinged', script, quiet));
      await proxy.pingTooMuch();
      expect(await job.info()).toMatchObject({ status: 'running' });
      await fixture.touch('pinged');
      expect(await job.wait()).toMatchObject({ exitCode: 9 });
      expect(exits).toHaveLength(1);
      await job.destroy();
    });
  });
});
