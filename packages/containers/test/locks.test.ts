import { describe, expect, it } from 'vitest';
import { createLocks } from '../src/lifecycle/locks.js';

const never = new AbortController().signal;

describe('locks', () => {
  it('makes holders of one id take turns, in the order in which they asked', async () => {
    const locks = createLocks();
    const order: number[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (turn) => {
        using _lock = await locks.lock('a', never);
        order.push(turn);
        await Promise.resolve();
        order.push(turn);
      }),
    );
    expect(order).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('lets different ids go side by side', async () => {
    const locks = createLocks();
    using _a = await locks.lock('a', never);
    using _b = await locks.lock('b', never);
  });

  it('fails with lock-failed when the signal ends before the turn, and lets the next one in', async () => {
    const locks = createLocks();
    const first = await locks.lock('a', never);
    const impatient = new AbortController();
    const second = locks.lock('a', impatient.signal);
    const third = locks.lock('a', never);
    impatient.abort();
    await expect(second).rejects.toMatchObject({ code: 'lock-failed', subject: 'a' });
    let entered = false;
    const entering = third.then((lock) => {
      entered = true;
      return lock;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    first[Symbol.dispose]();
    (await entering)[Symbol.dispose]();
    using _again = await locks.lock('a', never);
  });

  it('fails at once when the signal has ended already', async () => {
    const locks = createLocks();
    await expect(locks.lock('a', AbortSignal.abort())).rejects.toMatchObject({
      code: 'lock-failed',
    });
    using _lock = await locks.lock('a', never);
  });

  it('gives the lock back when its holder throws', async () => {
    const locks = createLocks();
    const failing = async () => {
      using _lock = await locks.lock('a', never);
      throw new Error('inside');
    };
    await expect(failing()).rejects.toThrow('inside');
    using _lock = await locks.lock('a', never);
  });
});
