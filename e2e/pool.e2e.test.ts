import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Events } from '@ctrd/api/services/events/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { containers } from '@ctrd/containers';
import { ctrd, definePlugin, hasCode, Rpc, RuntimeDir, toCtrdError } from '@ctrd/core';
import { type PoolOptions, type PoolStrategy, pool, seedDefaults, sticky } from '@ctrd/pool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as example from '../examples/pool/main.js';
import {
  busyboxRootfs,
  daemon,
  leakOracle,
  namespaceOf,
  privateDaemon,
  type TestDaemon,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
let rootfs: string;

beforeAll(async () => {
  rootfs = join(await mkdtemp(join(tmpdir(), 'ctrd-rootfs-')), 'rootfs');
  await busyboxRootfs(rootfs);
});

afterAll(() => rm(join(rootfs, '..'), { recursive: true, force: true }));

/** Shows the daemon's own calls. */
const calls = () =>
  definePlugin({
    name: 'calls',
    requires: [Rpc],
    setup: (context) => ({ members: { rpc: context.get(Rpc) } }),
  });

const connect = ({ address, runtimeDir }: TestDaemon, options: PoolOptions) =>
  ctrd({ address, namespace })
    .provide(RuntimeDir, { path: runtimeDir })
    .use(pool(options))
    .use(containers())
    .use(calls())
    .connect();

type PoolClient = Awaited<ReturnType<typeof connect>>;

const sleeper = (client: PoolClient, id: string) =>
  client.createContainer({ id, rootfs, args: ['sleep', '1000000'] });

describe("the documents' examples", () => {
  it("a strategy of one's own, which prefers the connection that answers soonest", async () => {
    await using client = await example.connect({ address: daemon().address, namespace });
    for (let time = 0; time < 20; time += 1) await client.version();
    const [first, second] = client.pool.stats().connections;
    // The second one was tried, since nobody knew it; then the faster of the two.
    expect(first?.lastPick).toBeGreaterThan(0);
    expect(second?.lastPick).toBeGreaterThan(0);
    expect(client.pool.stats().roles).toMatchObject({
      control: { connections: 2, inFlight: 0 },
      stream: { connections: 1, free: 1000, queued: 0 },
    });
  });

  it('the defaults of PouchContainer, and streams taken by hand', async () => {
    await using client = await example.connectAsPouch({ address: daemon().address, namespace });
    const free = () => client.pool.stats().roles.stream.free;
    expect(free()).toBe(500);
    {
      using _reserved = example.reserve(client, 40);
      expect(free()).toBe(460);
      expect(() => example.reserve(client, 101)).toThrow(
        expect.objectContaining({ code: 'quota-exhausted' }),
      );
      expect(free()).toBe(460);
    }
    expect(free()).toBe(500);
  });

  it('the report of a connection that is left out', async () => {
    await using own = await privateDaemon();
    const seen: unknown[] = [];
    using _listening = example.onEject((event) => seen.push(event));
    await using client = await connect(own, {
      ejection: { failures: 1, firstMs: 60_000 },
      healthCheck: { intervalMs: 1000, timeoutMs: 500 },
    });
    await client.version();
    await own.freeze();
    try {
      await waitFor(() => seen.length > 0, { what: 'the frozen daemon is noticed' });
    } finally {
      own.thaw();
    }
    expect(seen[0]).toMatchObject({ role: 'control', connection: 0, until: expect.any(Number) });
    // It is the only one of its role, so that it is used all the same; the check takes it back.
    await client.version();
    await waitFor(() => client.pool.stats().connections[0]?.healthy === true);
  });
});

describe('a strategy', () => {
  it('is told of which container a long call is, so that sticky() keeps them apart', async () => {
    const picked = new Map<string, Set<number>>();
    const keeping = sticky();
    const strategy: PoolStrategy = {
      pick(candidates, call) {
        const view = keeping.pick(candidates, call);
        if (call.role !== 'stream') return view;
        const { affinity = 'nobody' } = call;
        picked.set(affinity, (picked.get(affinity) ?? new Set()).add(view.id));
        return view;
      },
    };
    await using client = await connect(daemon(), { capacity: { stream: 4 }, strategy });
    const ids = Array.from({ length: 6 }, (_, index) => `sticky-${index}`);
    await Promise.all(
      ids.map(async (id) => {
        const container = await sleeper(client, id);
        const process = await container.exec({ args: ['true'] });
        expect((await process.wait()).exitCode).toBe(0);
        await container.destroy({ graceMs: 0 });
      }),
    );
    expect([...picked.keys()].sort()).toEqual(ids);
    // The wait for the container and that for the program in it, each on the same one.
    expect([...picked.values()].map((connections) => connections.size)).toEqual(Array(6).fill(1));
    expect(new Set([...picked.values()].flatMap((one) => [...one])).size).toBeGreaterThan(1);
  });
});

describe('the connections', () => {
  it('are opened by the first call, closed when idle, and opened again', async () => {
    await using client = await connect(daemon(), { idleMs: 200 });
    const states = () => client.pool.stats().connections.map(({ role, state }) => [role, state]);
    const idle = [
      ['control', 'idle'],
      ['bulk', 'idle'],
      ['stream', 'idle'],
    ];
    await waitFor(() => states().every(([, state]) => state === 'idle'));
    expect((await client.version()).version).toMatch(/\d/);
    expect(states()).toEqual([['control', 'ready'], ...idle.slice(1)]);
    await waitFor(() => states().every(([, state]) => state === 'idle'));
  });

  it('are drained: the last wait ends first, and no call is taken meanwhile', async () => {
    await using other = await connect(daemon(), {});
    const client = await connect(daemon(), {});
    await sleeper(other, 'drained');
    const tasks = client.rpc.client(Tasks);
    const exit = tasks.wait({ containerId: 'drained' }, { role: 'stream' });
    await waitFor(() => client.pool.stats().roles.stream.inFlight === 1);
    const early = client.pool.drain({ timeoutMs: 50 });
    await expect(early).rejects.toMatchObject({ code: 'timeout' });
    const drained = client.pool.drain();
    await expect(client.version()).rejects.toMatchObject({ code: 'failed-precondition' });
    await other.destroyContainer('drained', { graceMs: 0 });
    await drained;
    expect((await exit).exitStatus).toBe(137);
    expect(client.pool.stats()).toMatchObject({ state: 'draining', calls: 0 });
    await client.close();
  });
});

describe('with no stream left, and a pool that fails', () => {
  it('containers are still made, their ends learnt, and destroyed', async () => {
    const oracle = leakOracle(daemon(), namespace);
    const before = await oracle.count();
    const client = await connect(daemon(), { maxStreams: 10, whenExhausted: 'fail' });
    client.pool.get({ role: 'stream' }).consume(10);
    const refused = client.rpc.client(Tasks).wait({ containerId: 'x' }, { role: 'stream' });
    await expect(refused).rejects.toMatchObject({ code: 'quota-exhausted' });

    expect((await client.version()).version).toMatch(/\d/);
    const short = await client.createContainer({
      id: 'short',
      rootfs,
      args: ['sh', '-c', 'exit 7'],
    });
    expect((await short.wait({ timeoutMs: 30_000 })).exitCode).toBe(7);
    await short.destroy();
    const long = await sleeper(client, 'long');
    expect((await long.destroy({ graceMs: 0, timeoutMs: 30_000 }))?.exitCode).toBe(137);
    expect(client.pool.stats().roles.stream).toMatchObject({
      connections: 1,
      free: 0,
      inFlight: 0,
    });
    await client.close();
    await oracle.expectNothingLeft(before);
  });
});

describe.each([600, 2000])('with %i waits on five connections of a hundred streams', (count) => {
  it('version, create and destroy go on, and every wait gets its exit', {
    timeout: 300_000,
  }, async () => {
    const oracle = leakOracle(daemon(), namespace);
    const before = await oracle.count();
    const client = await connect(daemon(), seedDefaults);
    const ids = Array.from({ length: 12 }, (_, index) => `watched-${index}`);
    await Promise.all(ids.map((id) => sleeper(client, id)));
    const tasks = client.rpc.client(Tasks);
    const waits = Array.from({ length: count }, (_, index) => {
      const containerId = ids[index % ids.length] as string;
      return tasks.wait({ containerId }, { role: 'stream', affinity: containerId });
    });
    // The watches of the twelve containers are on it too.
    const watched = count + ids.length;
    await waitFor(() => client.pool.stats().roles.stream.inFlight === watched);

    for (let time = 0; time < 3; time += 1) {
      expect((await client.version({ timeoutMs: 60_000 })).version).toMatch(/\d/);
      const other = await sleeper(client, 'other');
      await other.destroy({ graceMs: 0 });
    }
    expect(client.pool.stats().roles.stream).toMatchObject({ inFlight: watched, queued: 0 });

    await Promise.all(ids.map((id) => client.destroyContainer(id, { graceMs: 0 })));
    const exits = await Promise.all(waits);
    expect(new Set(exits.map(({ exitStatus }) => exitStatus))).toEqual(new Set([137]));
    await waitFor(() => client.pool.stats().calls === 0);
    const { free, maxStreams, connections } = client.pool.stats().roles.stream;
    expect(free).toBe(maxStreams);
    expect(connections).toBe(Math.ceil(watched / 100));
    await client.close();
    await oracle.expectNothingLeft(before);
  });
});

describe('a daemon that is killed and started twenty times under load', () => {
  it('hangs no call and loses no stream', { timeout: 600_000 }, async () => {
    await using own = await privateDaemon();
    await using owner = await connect(own, {});
    for (const id of ['a', 'b', 'c']) await sleeper(owner, id);
    const client = await connect(own, { capacity: { stream: 2 }, maxStreams: 8 });
    const load = startLoad(client, ['a', 'b', 'c']);

    for (let kill = 0; kill < 20; kill += 1) {
      await load.works();
      await own.kill();
      await own.start();
    }
    await load.works();
    const { connections } = client.pool.stats().roles.stream;
    // 12 waits and a subscription need two. One that is back before the other may call for a third,
    // but restarts do not add up.
    expect(connections).toBeLessThan(5);

    // A connection that was not used notices a moment later that the daemon is back.
    await waitFor(() =>
      owner.version().then(
        () => true,
        () => false,
      ),
    );
    for (const id of ['a', 'b', 'c']) await owner.destroyContainer(id, { graceMs: 0 });
    expect(await load.exits()).toBe(12);
    await load.end();
    expect(load.unexpected).toEqual([]);
    expect(client.pool.stats().calls).toBe(0);
    for (const { free, maxStreams } of client.pool.stats().connections) {
      expect(free).toBe(maxStreams);
    }
    await client.close();
  });
});

/** Four waits for each container, a subscription and short calls, each begun anew when it breaks. */
function startLoad(client: PoolClient, ids: readonly string[]) {
  const stop = new AbortController();
  const { signal } = stop;
  setMaxListeners(0, signal);
  const tasks = client.rpc.client(Tasks);
  const held = { signal, role: 'stream', waitForReady: true } as const;
  const unexpected: string[] = [];
  let answers = 0;
  let exits = 0;

  /** Again and again until it says that it is done; only a daemon that is away may break it. */
  async function again(run: () => Promise<boolean>): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await run()) return;
      } catch (error) {
        if (signal.aborted) return;
        if (!hasCode(error, 'unavailable')) unexpected.push(String(toCtrdError(error)));
      }
    }
  }

  const waits = ids.flatMap((containerId) => [1, 2, 3, 4].map(() => containerId));
  const workers = [
    ...waits.map((containerId) =>
      again(async () => {
        await tasks.wait({ containerId }, { ...held, affinity: containerId });
        exits += 1;
        return true;
      }),
    ),
    again(async () => {
      for await (const _ of client.rpc.client(Events).subscribe({}, held));
      return false;
    }),
    ...[1, 2, 3, 4].map(() =>
      again(async () => {
        await client.rpc.client(Version).version({}, { signal, waitForReady: true });
        answers += 1;
        return false;
      }),
    ),
  ];
  const inFlight = () => client.pool.stats().roles.stream.inFlight;

  return {
    unexpected,
    /** Waits until short calls are answered and every long one is under way. */
    async works() {
      const before = answers;
      await waitFor(() => answers > before + 20 && inFlight() >= waits.length + 1, {
        what: 'the load goes on',
        timeoutMs: 120_000,
      });
    },
    /** How many waits got an exit, when all have. */
    async exits() {
      await waitFor(() => exits === waits.length, { timeoutMs: 120_000 });
      return exits;
    },
    async end() {
      stop.abort();
      await Promise.all(workers);
    },
  };
}
