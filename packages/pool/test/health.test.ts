import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { create } from '@bufbuild/protobuf';
import {
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from '@ctrd/api/grpc/health/v1';
import { CtrdError, type UnaryCall } from '@ctrd/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPool } from '../src/index.js';
import { long, short } from './support/calls.js';
import { dropped, type FakeConnections, fakeConnections } from './support/fake-connections.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Makes n calls, of which each fails. */
async function failing(pool: ReturnType<typeof createPool>, fakes: FakeConnections, n: number) {
  for (let time = 0; time < n; time += 1) {
    const call = pool.unary(short());
    fakes.calls()[0]?.fail(dropped());
    await call.catch(() => {});
  }
}

describe('a connection whose calls fail', () => {
  it('is left out for a while, and comes back', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { capacity: 2, ejection: { failures: 2 } });
    const healthy = () =>
      pool
        .stats()
        .connections.slice(0, 2)
        .map((view) => view.healthy);
    await failing(pool, fakes, 2);
    expect(healthy()).toEqual([false, true]);
    expect(pool.get().id).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(healthy()).toEqual([true, true]);
    expect(pool.get().id).toBe(0);
  });

  it('is used all the same when there is no better one', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { ejection: { failures: 1 } });
    await failing(pool, fakes, 1);
    const answer = pool.unary(short());
    fakes.calls()[0]?.answer();
    await expect(answer).resolves.toBeDefined();
  });

  it('is not to blame for what the daemon answers, or for who gives up', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { ejection: { failures: 1 } });
    for (const code of ['not-found', 'internal', 'aborted', 'timeout', 'lock-failed'] as const) {
      const call = pool.unary(short());
      fakes.calls()[0]?.fail(new CtrdError('of the daemon', { code }));
      await call.catch(() => {});
    }
    expect(pool.stats().connections[0]?.healthy).toBe(true);
  });

  it('is told of on a channel', async () => {
    const seen: unknown[] = [];
    const listen = (message: unknown) => seen.push(message);
    subscribe('ctrd:pool:eject', listen);
    const fakes = fakeConnections();
    const pool = createPool(fakes, { ejection: { failures: 1, firstMs: 60_000 } });
    await failing(pool, fakes, 3);
    unsubscribe('ctrd:pool:eject', listen);
    expect(seen).toEqual([{ role: 'control', connection: 0, until: expect.any(Number) }]);
  });
});

describe('a connection that is failing', () => {
  it('is passed over while another one is not', () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { capacity: 2 });
    void pool.unary(short()).catch(() => {});
    fakes.opened[0]?.become('failing');
    expect(pool.get().id).toBe(1);
    fakes.opened[0]?.become('ready');
    fakes.calls()[0]?.answer();
    expect(pool.stats().connections[0]?.healthy).toBe(true);
  });
});

describe('a listener to the connections', () => {
  it('that fails harms neither calls nor other listeners, and is reported', async () => {
    const fakes = fakeConnections();
    const failures: CtrdError[] = [];
    const pool = createPool({ ...fakes, onFailure: (error) => failures.push(error) });
    const states: string[] = [];
    pool.watch(() => {
      throw new Error('of the listener');
    });
    const watching = pool.watch(({ state }) => states.push(state));
    await pool.connect();
    expect(states).toEqual(['ready', 'ready', 'ready']);
    expect(failures.map(({ rawMessage }) => rawMessage)).toEqual(Array(3).fill('of the listener'));
    watching[Symbol.dispose]();
    await pool.close();
    expect(states).toHaveLength(3);
  });
});

describe('while the daemon is away', () => {
  it('long calls wait on the connections that are there, and the pool does not grow', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { maxStreams: 2, capacity: { stream: 2 } });
    const away = () => {
      for (const fake of fakes.opened) fake.become('failing');
    };
    const waits = [pool.unary(long()), pool.unary(long())];
    await vi.advanceTimersByTimeAsync(0);
    away();
    waits.push(pool.unary(long()), pool.unary(long()));
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.stats().roles.stream).toMatchObject({ connections: 2, free: 0 });
    for (const call of fakes.calls()) call.answer();
    await Promise.all(waits);
  });

  it('long calls go to a new connection when one works and is full, and another one fails', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { maxStreams: 1, capacity: { stream: 2 }, growTo: 3 });
    const calls = [pool.unary(long()), pool.unary(long())];
    await vi.advanceTimersByTimeAsync(0);
    fakes.opened[0]?.become('failing');
    fakes.opened[1]?.become('ready');
    fakes.calls()[0]?.answer();
    await calls[0];
    calls.push(pool.unary(long()));
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.stats().roles.stream).toMatchObject({ connections: 3, free: 1 });
    // At its limit it takes what there is.
    calls.push(pool.unary(long()));
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.stats().roles.stream).toMatchObject({ connections: 3, free: 0 });
    for (const call of fakes.calls()) call.answer();
    await Promise.all(calls);
  });
});

describe('health checks', () => {
  it('leave out a connection that does not serve, and take it back when it does', async () => {
    const health = healthOf('NOT_SERVING');
    const pool = createPool(health, { healthCheck: { intervalMs: 1000 } });
    await pool.connect();
    const healthy = () => pool.stats().connections[0]?.healthy;
    expect(healthy()).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(healthy()).toBe(false);
    health.answer('SERVING');
    await vi.advanceTimersByTimeAsync(1000);
    expect(healthy()).toBe(true);
    await pool.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leave out a connection that does not answer in time, and never ask it twice at once', async () => {
    const health = healthOf('silence');
    const pool = createPool(health, { healthCheck: { intervalMs: 1000, timeoutMs: 3500 } });
    await pool.connect();
    await vi.advanceTimersByTimeAsync(3000);
    expect(health.asked()).toBe(3);
    expect(pool.stats().connections[0]?.healthy).toBe(true);
    await vi.advanceTimersByTimeAsync(1500);
    expect(pool.stats().connections[0]?.healthy).toBe(false);
    await pool.close();
  });

  it('are content with a daemon that has no such service', async () => {
    const health = healthOf('unimplemented');
    const pool = createPool(health, { healthCheck: { intervalMs: 1000 } });
    await pool.connect();
    await vi.advanceTimersByTimeAsync(5000);
    expect(health.asked()).toBe(15);
    expect(pool.stats().connections.every((view) => view.healthy)).toBe(true);
    await pool.close();
  });

  it('ask no connection that is not open', async () => {
    const health = healthOf('SERVING');
    const pool = createPool(health, { healthCheck: { intervalMs: 1000 }, idleMs: 2000 });
    await pool.connect();
    await vi.advanceTimersByTimeAsync(10_000);
    const asked = health.asked();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(health.asked()).toBe(asked);
    await pool.close();
  });
});

type Answer = 'SERVING' | 'NOT_SERVING' | 'silence' | 'unimplemented';

/** Connections that answer health checks as told. */
function healthOf(first: Answer) {
  const fakes = fakeConnections();
  let answer = first;
  let asked = 0;
  const check = async ({ options }: UnaryCall) => {
    asked += 1;
    if (answer === 'unimplemented') throw new CtrdError('no such', { code: 'unimplemented' });
    if (answer === 'silence') {
      await new Promise((resolve) => setTimeout(resolve, options.timeoutMs));
      throw new CtrdError('no answer', { code: 'timeout' });
    }
    return create(HealthCheckResponseSchema, { status: Status[answer] });
  };
  return {
    open: () => ({ ...fakes.open(), unary: check }),
    asked: () => asked,
    answer(next: Answer) {
      answer = next;
    },
  };
}
