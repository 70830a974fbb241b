import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@ctrd/api/grpc/health/v1';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Events } from '@ctrd/api/services/events/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { ctrd, definePlugin, Rpc } from '@ctrd/core';
import { grpcConnector } from '@ctrd/core/grpc';
import { describe, expect, it } from 'vitest';
import { caught } from '../../core/test/support/caught.js';
import { folder } from '../../core/test/support/folder.js';
import { route, type Served, serve } from '../../core/test/support/serve.js';
import { until } from '../../core/test/support/until.js';
import { createPool, pool } from '../src/index.js';
import { long, short, watching } from './support/calls.js';

const never = () => new Promise<never>(() => {});

/** A daemon that can be killed and started again on the same socket. */
async function fakeDaemon(path: string) {
  const seen = { reads: 0, writes: 0, waits: 0 };
  let breaking = false;
  let served: Served | undefined;

  const start = async () => {
    served = await serve(path, [
      route(Health, { check: () => ({ status: Status.SERVING }) }),
      route(Version, { version: () => ({ version: 'v1.0.0' }) }),
      route(Tasks, {
        wait() {
          seen.waits += 1;
          return never();
        },
      }),
      route(Events, {
        async *subscribe() {
          yield {};
          await never();
        },
      }),
      route(Containers, {
        get({ id }) {
          seen.reads += 1;
          return breaking ? never() : { container: { id } };
        },
        create() {
          seen.writes += 1;
          return never();
        },
      }),
    ]);
  };
  const kill = async () => served?.stop();
  await start();
  return {
    seen,
    start,
    kill,
    /** From now on reads get no answer. */
    breakReads(on: boolean) {
      breaking = on;
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** Shows the client's calls. */
const calls = () =>
  definePlugin({
    name: 'calls',
    requires: [Rpc],
    setup: (context) => ({ members: { rpc: context.get(Rpc) } }),
  });

describe('while the daemon is away', () => {
  it('calls fail at once, and go on when it is back', async () => {
    await using place = await folder();
    const path = place.file('d.sock');
    await using daemon = await fakeDaemon(path);
    await using pool = createPool({ open: () => grpcConnector().open(path) });
    await pool.unary(short());
    await daemon.kill();
    await until(() => pool.stats().connections[0]?.state !== 'ready');
    expect(await caught(pool.unary(short()))).toMatchObject({ code: 'unavailable' });
    await daemon.start();
    await expect(pool.unary(short({ waitForReady: true }))).resolves.toBeDefined();
    await expect(pool.unary(short())).resolves.toBeDefined();
  });

  it('each connection that comes back is told of, on its channel', async () => {
    const seen: unknown[] = [];
    const listen = (message: unknown) => seen.push(message);
    await using place = await folder();
    const path = place.file('d.sock');
    await using daemon = await fakeDaemon(path);
    await using pool = createPool({ open: () => grpcConnector().open(path) });
    await pool.connect();
    await daemon.kill();
    await until(() => pool.stats().connections.every(({ state }) => state !== 'ready'));
    subscribe('ctrd:pool:connect', listen);
    try {
      await daemon.start();
      await Promise.all(
        (['control', 'bulk', 'stream'] as const).map((role) =>
          pool.get({ role }).unary(short({ role: 'control', waitForReady: true })),
        ),
      );
      await until(() => seen.length >= 3);
    } finally {
      unsubscribe('ctrd:pool:connect', listen);
    }
    expect(new Set(seen)).toEqual(
      new Set(['control', 'bulk', 'stream'].map((role, connection) => ({ role, connection }))),
    );
  });

  it('calls wait for it when they are told to, until their time is up', async () => {
    await using place = await folder();
    const path = place.file('d.sock');
    await using daemon = await fakeDaemon(path);
    await using pool = createPool(
      { open: () => grpcConnector().open(path) },
      { waitForReady: true },
    );
    await pool.unary(short());
    await daemon.kill();
    await until(() => pool.stats().connections[0]?.state !== 'ready');
    const impatient = { waitForReady: false };
    expect(await caught(pool.unary(short(impatient)))).toMatchObject({ code: 'unavailable' });
    expect(await caught(pool.unary(short({ timeoutMs: 20 })))).toMatchObject({ code: 'timeout' });
    const waiting = pool.unary(short());
    await daemon.start();
    await expect(waiting).resolves.toBeDefined();
  });

  it('the first contact does not wait, so that a wrong address shows', async () => {
    await using place = await folder();
    const client = ctrd({ address: place.file('nobody.sock') }).use(pool({ waitForReady: true }));
    expect(await caught(client.connect())).toMatchObject({
      code: 'unavailable',
      reason: 'missing',
    });
  });

  it('a client that opens all its connections fails as one', async () => {
    await using place = await folder();
    const client = ctrd({ address: place.file('nobody.sock') }).use(pool({ eager: true }));
    expect(await caught(client.connect())).toMatchObject({
      code: 'unavailable',
      reason: 'missing',
      operation: 'connect',
    });
  });
});

describe('when the connection breaks under a call', () => {
  it('a read is made once more, a write is not', async () => {
    await using place = await folder();
    const path = place.file('d.sock');
    await using daemon = await fakeDaemon(path);
    await using client = await ctrd({ address: path })
      .use(pool({ waitForReady: true }))
      .use(calls())
      .connect();
    const containers = client.rpc.client(Containers);
    daemon.breakReads(true);
    const read = containers.get({ id: 'job' });
    const write = caught(containers.create({ container: { id: 'job' } }));
    await until(() => daemon.seen.reads === 1 && daemon.seen.writes === 1);
    await daemon.kill();
    daemon.breakReads(false);
    await daemon.start();
    expect((await read).container?.id).toBe('job');
    expect(await write).toMatchObject({ code: 'unavailable', reason: 'dropped' });
    expect(daemon.seen).toMatchObject({ reads: 2, writes: 1 });
  });
});

describe('twenty kills under a load of mixed calls', () => {
  it('leave no call open, no stream taken, and a pool that works', {
    timeout: 60_000,
  }, async () => {
    await using place = await folder();
    const path = place.file('d.sock');
    await using daemon = await fakeDaemon(path);
    await using pool = createPool(
      { open: () => grpcConnector().open(path) },
      { capacity: { stream: 2 }, maxStreams: 10 },
    );
    for (let kill = 0; kill < 20; kill += 1) {
      const before = daemon.seen.waits;
      const waits = Array.from({ length: 30 }, () =>
        caught(pool.unary(long({ waitForReady: true }))),
      );
      const events = caught(drained(pool.stream(watching({ waitForReady: true }))));
      await until(() => daemon.seen.waits === before + 30);
      const asked = Promise.allSettled(Array.from({ length: 20 }, () => pool.unary(short())));
      await daemon.kill();
      for (const error of await Promise.all([...waits, events])) {
        expect(error.code).toBe('unavailable');
      }
      await asked;
      expect(pool.stats().calls).toBe(0);
      await until(() => pool.stats().connections.every(({ state }) => state !== 'ready'));
      await daemon.start();
      await pool.unary(short({ waitForReady: true }));
    }
    const { roles } = pool.stats();
    expect(roles.stream.free).toBe(roles.stream.maxStreams);
    // 31 long calls need four. One that is back before the others may call for one more, but kills do
    // not add up.
    expect(roles.stream.connections).toBeLessThan(10);
  });
});

async function drained(answers: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of answers);
}
