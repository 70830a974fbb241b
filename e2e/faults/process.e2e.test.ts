import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Events } from '@ctrd/api/services/events/v1';
import { ctrd, definePlugin, Rpc } from '@ctrd/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceOf, waitFor } from '../support/index.js';
import { connect, type Fixture, makeFixture, withClient } from './fixture.js';

let fixture: Fixture;
const namespace = namespaceOf(import.meta.url);

beforeAll(async () => {
  fixture = await makeFixture(namespace);
});

afterAll(() => fixture?.[Symbol.asyncDispose]());

const quiet = { stdio: 'null' } as const;

/** The daemon's services as they are. */
const withRpc = () =>
  definePlugin({ name: 'rpc', setup: (context) => ({ members: { rpc: context.get(Rpc) } }) });

describe('a process', { timeout: 60_000 }, () => {
  it('that ignores SIGTERM is killed when its grace is over', async () => {
    await withClient(fixture, async ({ client }) => {
      const job = await client.createContainer(
        fixture.sh('stubborn', 'trap "" TERM; while :; do sleep 1; done', quiet),
      );
      const began = performance.now();
      expect(await job.stop({ graceMs: 500 })).toMatchObject({ exitCode: 137 });
      expect(performance.now() - began).toBeGreaterThanOrEqual(500);
      await job.destroy();
    });
  });

  it('that is paused is ended all the same', async () => {
    await withClient(fixture, async ({ client }) => {
      const job = await client.createContainer(fixture.sh('paused', 'sleep 600', quiet));
      await job.pause();
      expect(await job.destroy({ graceMs: 0 })).toMatchObject({ exitCode: 137 });
    });
  });

  it('that leaves zombies and children of its own ends with its own code', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const script =
        '(sleep 600 & exec sleep 0.1) & for i in 1 2 3; do (exit 0) & done; sleep 0.3; exit 11';
      const job = await client.createContainer(fixture.sh('parent', script));
      job.stdout.resume();
      expect(await job.wait()).toMatchObject({ exitCode: 11 });
      expect(exits).toHaveLength(1);
      await job.destroy();
    });
  });
});

describe('a container that forks without end', { timeout: 60_000 }, () => {
  it('fails within its limit of processes; others go on, and it is ended as any other', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const limited = { ...quiet, limits: { pids: 16 } };
      const ends = await client.createContainer(
        fixture.sh('ends', 'while :; do sleep 600 & done', limited),
      );
      // The shell’s own, that it cannot fork.
      expect(await ends.wait()).toMatchObject({ exitCode: 2 });
      const full = '(while :; do sleep 600 & done); : > /host/full; exec sleep 600';
      const stays = await client.createContainer(fixture.sh('stays', full, limited));
      await waitFor(() => readFile(join(fixture.shared, 'full')).then(() => true));
      const other = await client.createContainer(fixture.sh('other', 'sleep 600', quiet));
      expect((await other.run({ args: ['echo', 'well'] })).stdout.toString()).toBe('well\n');
      for (const job of [stays, other]) {
        expect(await job.destroy({ graceMs: 0 })).toMatchObject({ exitCode: 137 });
      }
      await ends.destroy();
      expect(exits).toHaveLength(1);
    });
  });
});

describe('terminals', { timeout: 60_000 }, () => {
  it('that come, change their size and end, many at once, leave no descriptor in the client or the daemon', async () => {
    await withClient(fixture, async ({ client, execExits }) => {
      const job = await client.createContainer(fixture.sh('screens', 'sleep 600', { tty: true }));
      job.stdout.resume();
      // A shim lets go of the terminals of what has ended in it when its garbage is collected.
      const open = async () => (await readdir(`/proc/${fixture.daemon.pid}/fd`)).length;
      const run = async (index: number) => {
        const tty = { width: 80, height: 24 };
        const screen = await job.exec({
          args: ['sh', '-c', 'stty size; exit 3'],
          tty,
          stdio: 'pipe',
        });
        screen.stdout.resume();
        let over = false;
        const ended = screen.wait().finally(() => {
          over = true;
        });
        for (let width = 10 + index; !over; width += 1) {
          await Promise.all([job.resize({ width, height: 9 }), screen.resize({ width, height: 9 })])
            // It has ended, and is gone a moment later.
            .catch((error: unknown) => {
              expect(error).toMatchObject({ code: expect.stringMatching(gone) });
            });
        }
        expect(await ended).toMatchObject({ exitCode: 3 });
      };
      await run(0);
      const before = await open();
      for (let round = 0; round < 2; round += 1) {
        await Promise.all(Array.from({ length: 12 }, (_, index) => run(index)));
      }
      expect(execExits).toHaveLength(25);
      await waitFor(async () => (await open()) <= before);
      await job.destroy({ graceMs: 0 });
    });
  });
});

const gone = /^(?:not-found|failed-precondition)$/;

describe('fifty processes', { timeout: 60_000 }, () => {
  it('that end in the same instant are each told once, with their own codes', async () => {
    await withClient(fixture, async ({ client, execExits }) => {
      const job = await client.createContainer(fixture.sh('many', 'sleep 600', quiet));
      const codes = Array.from({ length: 50 }, (_, index) => index);
      const script = (code: number) => `until [ -e /host/now ]; do sleep 0.05; done; exit ${code}`;
      const starting = codes.map((code) =>
        job.exec({ args: ['sh', '-c', script(code)], execId: `n${code}` }),
      );
      const running = await Promise.all(starting);
      await fixture.touch('now');
      const exits = await Promise.all(running.map((process) => process.wait()));
      expect(exits.map(({ exitCode }) => exitCode)).toEqual(codes);
      const told = execExits.map(({ execId, exitCode }) => `${execId} ${exitCode}`).sort();
      expect(told).toEqual(codes.map((code) => `n${code} ${code}`).sort());
      await job.destroy({ graceMs: 0 });
    });
  });
});

describe('many clients', { timeout: 60_000 }, () => {
  it('that make a container of one id at once: one has it, the others are told, and leave nothing', async () => {
    await withClient(fixture, async ({ client }) => {
      const more = await Promise.all([1, 2, 3].map(() => connect(fixture.daemon, namespace)));
      const all = [client, ...more.map((one) => one.client)];
      const made = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          (all[index % all.length] ?? client).createContainer(
            fixture.sh('one', 'sleep 600', { stdio: 'pipe' }),
          ),
        ),
      );
      const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      expect(refused.map(({ code }) => code)).toEqual(Array(19).fill('already-exists'));
      expect((await client.listContainers()).map(({ status }) => status)).toEqual(['running']);
      const [winner] = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect((await winner?.run({ args: ['echo', 'mine'] }))?.stdout.toString()).toBe('mine\n');
      await winner?.destroy({ graceMs: 0 });
      for (const other of more) await other.client.close();
    });
  });
});

describe('two clients', { timeout: 60_000 }, () => {
  it('that destroy one container at once: both are content, nothing is left', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const other = await connect(fixture.daemon, namespace);
      for (let round = 0; round < 5; round += 1) {
        await client.createContainer(fixture.sh('shared', 'sleep 600', quiet));
        const ways = [client, other.client].map((one) =>
          one.destroyContainer('shared', { graceMs: 0 }),
        );
        for (const way of await Promise.allSettled(ways)) {
          if (way.status === 'rejected') expect(way.reason).toMatchObject({ code: 'not-found' });
        }
        await waitFor(async () => (await client.listContainers()).length === 0);
      }
      expect(exits).toEqual([]);
      await other.client.close();
    });
  });
});

describe('another client deletes the records of containers that run', { timeout: 60_000 }, () => {
  it('the end of one is told, another is ended by its id, and nothing is left of either', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const script = 'until [ -e /host/bare ]; do sleep 0.05; done; exit 21';
      const ends = await client.createContainer(fixture.sh('ends', script, quiet));
      const ended = await client.createContainer(fixture.sh('ended', 'sleep 600', quiet));
      const other = await ctrd({ ...fixture.daemon, namespace })
        .use(withRpc())
        .connect();
      for (const id of ['ends', 'ended']) await other.rpc.client(Containers).delete({ id });
      await other.close();
      await expect(ended.destroy({ graceMs: 0 })).rejects.toMatchObject({ code: 'not-found' });
      expect(await ended.wait()).toMatchObject({ exitCode: 137 });
      await fixture.touch('bare');
      expect(await ends.wait()).toMatchObject({ exitCode: 21 });
      expect(exits.map(({ exitCode }) => exitCode)).toEqual([137, 21]);
    });
  });
});

describe('more than a message holds', { timeout: 60_000 }, () => {
  it('in one container is refused and leaves nothing; in many, they are listed all the same', async () => {
    await withClient(fixture, async ({ client }) => {
      const large = { ...quiet, env: [`LARGE=${'x'.repeat(17 << 20)}`] };
      const made = client.createContainer(fixture.sh('large', 'true', large));
      await expect(made).rejects.toMatchObject({ code: 'too-large' });
      const other = await ctrd({ ...fixture.daemon, namespace })
        .use(withRpc())
        .connect();
      const ids = Array.from({ length: 18 }, (_, index) => `many-${index}`);
      const containers = other.rpc.client(Containers);
      const spec = { typeUrl: 'x', value: Buffer.from(`{"process":"${'x'.repeat(1 << 20)}"}`) };
      const runtime = { name: 'io.containerd.runc.v2' };
      for (const id of ids) await containers.create({ container: { id, runtime, spec } });
      const listed = (await client.listContainers()).map(({ id }) => id);
      expect(listed.sort()).toEqual(ids.sort());
      for (const id of ids) await client.destroyContainer(id);
      await other.close();
    });
  });
});

describe('a burst of events', { timeout: 60_000 }, () => {
  it('reaches a slow reader whole', async () => {
    const client = await ctrd({ ...fixture.daemon, namespace })
      .use(withRpc())
      .connect();
    const { publish } = client.rpc.client(Events);
    const say = (value: number) =>
      publish({ topic: '/burst/one', event: { typeUrl: 'n', value: Buffer.from(String(value)) } });
    const burst = 3_000;
    const stop = new AbortController();
    const seen: number[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const following = (async () => {
      for await (const event of client.events({ signal: stop.signal })) {
        if (event.kind !== 'other') continue;
        const number = Number(Buffer.from(event.bytes).toString());
        seen.push(number);
        if (number === -1) await released;
        if (seen.filter((one) => one >= 0).length === burst) return;
      }
    })();
    // There is no word of when a subscription stands.
    await waitFor(async () => {
      await say(-1);
      return seen.length > 0;
    });
    for (let next = 0; next < burst; next += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => say(next + index)));
    }
    release();
    await following;
    const numbers = seen.filter((number) => number >= 0);
    expect(numbers.length).toBe(burst);
    expect(new Set(numbers).size).toBe(burst);
    await client.close();
  });
});
