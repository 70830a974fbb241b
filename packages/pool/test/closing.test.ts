import { CtrdError } from '@ctrd/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { caught } from '../../core/test/support/caught.js';
import { createPool } from '../src/index.js';
import { long, short, watching } from './support/calls.js';
import { fakeConnections } from './support/fake-connections.js';

const closed = { code: 'failed-precondition' };

/** Lets what is ready to go on go on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('opening', () => {
  it('opens nothing before the first call, and then only what it needs', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { capacity: 3 });
    expect(fakes.opened).toHaveLength(0);
    const answer = pool.unary(short());
    expect(fakes.opened).toHaveLength(1);
    fakes.calls()[0]?.answer();
    await answer;
    expect(pool.stats().roles.control).toMatchObject({ connections: 3, inFlight: 0 });
  });

  it('opens all of the capacity when asked to', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { capacity: { control: 2, stream: 3 } });
    await pool.connect();
    expect(pool.stats().connections.map(({ state }) => state)).toEqual(Array(6).fill('ready'));
  });

  it('closes the others when one cannot be opened, and can try again', async () => {
    let refusing = true;
    const fakes = fakeConnections({
      async connect(index) {
        if (!refusing || index !== 3) return;
        throw new CtrdError('nobody listens', { code: 'unavailable', reason: 'refused' });
      },
    });
    const pool = createPool(fakes, { capacity: 2 });
    expect(await caught(pool.connect())).toMatchObject({ code: 'unavailable', reason: 'refused' });
    expect(fakes.opened.map(({ state }) => state)).toEqual(Array(6).fill('closed'));
    refusing = false;
    await pool.connect();
    expect(pool.stats().connections.every(({ state }) => state === 'ready')).toBe(true);
  });

  it('takes no connection from under a call that is on it', async () => {
    const fakes = fakeConnections({
      connect: () => Promise.reject(new CtrdError('away', { code: 'unavailable' })),
    });
    const pool = createPool(fakes);
    const opening = caught(pool.connect());
    const answer = pool.unary(short({ waitForReady: true }));
    expect(await opening).toMatchObject({ code: 'unavailable' });
    for (const call of fakes.calls()) call.answer();
    await expect(answer).resolves.toBeDefined();
  });

  it('ends with its time limit, and leaves nothing open', async () => {
    const fakes = fakeConnections({
      connect: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
    });
    const pool = createPool(fakes);
    expect(await caught(pool.connect({ timeoutMs: 10 }))).toMatchObject({ code: 'timeout' });
    expect(fakes.opened.every(({ state }) => state === 'closed')).toBe(true);
  });
});

describe('draining', () => {
  it('takes no more calls, sends away who waits, and ends with the last call under way', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { maxStreams: 1, whenExhausted: 'wait' });
    const under = pool.unary(long());
    const waiting = caught(pool.unary(long()));
    let drained = false;
    const draining = pool.drain().then(() => {
      drained = true;
    });
    expect(await waiting).toMatchObject({ ...closed, reason: 'draining' });
    expect(await caught(pool.unary(short()))).toMatchObject({ ...closed, reason: 'draining' });
    expect(() => pool.get()).toThrow(expect.objectContaining(closed));
    await turn();
    expect(drained).toBe(false);
    fakes.calls()[0]?.answer();
    await Promise.all([under, draining]);
    expect(pool.stats()).toMatchObject({ state: 'draining', calls: 0 });
  });

  it('gives up with its time limit, and the calls go on', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes);
    const under = pool.unary(short());
    expect(await caught(pool.drain({ timeoutMs: 5 }))).toMatchObject({ code: 'timeout' });
    fakes.calls()[0]?.answer();
    await expect(under).resolves.toBeDefined();
    await pool.drain({ timeoutMs: 0 });
  });
});

describe('closing', () => {
  it('fails what is under way, and gives every stream back', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes);
    const iterator = pool.stream(watching())[Symbol.asyncIterator]();
    const ends = [pool.unary(long()), pool.unary(short()), iterator.next()].map((end) =>
      caught(end),
    );
    await turn();
    await pool.close();
    for (const error of await Promise.all(ends)) expect(error.code).toBe('unavailable');
    expect(pool.stats()).toMatchObject({ state: 'closed', calls: 0 });
    expect(Object.values(pool.stats().roles).every((r) => r.free === r.maxStreams)).toBe(true);
    expect(fakes.opened.every(({ state }) => state === 'closed')).toBe(true);
  });

  it('lets calls end by themselves within its time', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes);
    const under = pool.unary(short());
    const closing = pool.close({ timeoutMs: 60_000 });
    await turn();
    fakes.calls()[0]?.answer();
    await expect(under).resolves.toBeDefined();
    await closing;
  });

  it('may be done again, and by disposal', async () => {
    const pool = createPool(fakeConnections());
    await Promise.all([pool.close(), pool.close(), pool[Symbol.asyncDispose]()]);
    await pool.close();
    expect(() => pool.get()).toThrow(expect.objectContaining({ ...closed, reason: 'closed' }));
    expect(await caught(pool.unary(short()))).toMatchObject({ ...closed, reason: 'closed' });
    expect(await caught(pool.connect())).toMatchObject(closed);
  });

  it('refuses a time that is none, and can be done all the same', async () => {
    const pool = createPool(fakeConnections());
    await pool.connect();
    expect(await caught(pool.close({ timeoutMs: -1 }))).toMatchObject({ field: 'timeoutMs' });
    expect(pool.stats().state).toBe('open');
    await pool.close();
    expect(pool.stats().state).toBe('closed');
  });

  it('closes every connection, and tells of all that could not be', async () => {
    const fakes = fakeConnections({
      close(index) {
        if (index !== 1) throw new Error(`of ${index}`);
      },
    });
    const pool = createPool(fakes);
    await pool.connect();
    const error = await caught(pool.close());
    expect(error.code).toBe('internal');
    expect((error.cause as AggregateError).errors.map((each) => each.rawMessage)).toEqual([
      'of 0',
      'of 2',
    ]);
    expect(fakes.opened.every(({ state }) => state === 'closed')).toBe(true);
  });
});

describe('idle connections', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are closed after their time, and opened again by the next call', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { idleMs: 1000 });
    await pool.connect();
    const watched = pool.unary(long());
    await vi.advanceTimersByTimeAsync(3000);
    expect(fakes.opened.filter(({ state }) => state !== 'closed')).toHaveLength(1);
    fakes.calls()[0]?.answer();
    await watched;
    const answer = pool.unary(short());
    expect(fakes.opened).toHaveLength(4);
    fakes.calls()[0]?.answer();
    await answer;
    await pool.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leave no timer when the first one is opened while the pool closes', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes);
    const iterator = pool.stream(watching())[Symbol.asyncIterator]();
    const answer = iterator.next();
    expect(fakes.opened).toHaveLength(0);
    const closing = pool.close({ timeoutMs: 60_000 });
    await vi.advanceTimersByTimeAsync(0);
    expect(fakes.opened).toHaveLength(1);
    fakes.calls()[0]?.answer();
    await answer;
    await iterator.return?.();
    await closing;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that a pool has grown by leave it; one whose streams are taken by hand stays', async () => {
    const fakes = fakeConnections();
    const pool = createPool(fakes, { idleMs: 1000, maxStreams: 1 });
    const calls = [pool.unary(long()), pool.unary(long()), pool.unary(long())];
    await vi.advanceTimersByTimeAsync(0);
    for (const call of fakes.calls()) call.answer();
    await Promise.all(calls);
    const held = pool.get({ role: 'stream' });
    held.consume();
    await vi.advanceTimersByTimeAsync(3000);
    expect(pool.stats().roles.stream).toMatchObject({ connections: 1, free: 0 });
    held.produce();
    await pool.close();
  });

  it('that cannot be closed are reported', async () => {
    const fakes = fakeConnections({
      close() {
        throw new Error('stuck');
      },
    });
    const failures: CtrdError[] = [];
    const pool = createPool(
      { ...fakes, onFailure: (error) => failures.push(error) },
      { idleMs: 1000 },
    );
    const answer = pool.unary(short());
    fakes.calls()[0]?.answer();
    await answer;
    await vi.advanceTimersByTimeAsync(3000);
    expect(failures.map(({ rawMessage }) => rawMessage)).toEqual(['stuck']);
    await pool.close();
  });
});
