import { describe, expect, it } from 'vitest';
import { createLimit } from '../../src/kernel/limit.js';

const never = new AbortController().signal;
/** After everything that is ready has run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a limit', () => {
  it('lets so many run at once, the others in their order', async () => {
    const limit = createLimit(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const runs = [0, 1, 2, 3].map((index) =>
      limit(never, async () => {
        started.push(index);
        await new Promise<void>((resolve) => ends.push(resolve));
        return index;
      }),
    );
    await settled();
    expect(started).toEqual([0, 1]);
    ends[1]?.();
    await runs[1];
    await settled();
    expect(started).toEqual([0, 1, 2]);
    ends[0]?.();
    await runs[0];
    await settled();
    for (const end of ends) end();
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3]);
  });

  it('gives its place on when work fails', async () => {
    const limit = createLimit(1);
    const failing = limit(never, () => Promise.reject(new Error('no')));
    const next = limit(never, async () => 'next');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
    expect(await limit(never, async () => 'free again')).toBe('free again');
  });

  it('keeps nobody who is aborted, and loses no place by it', async () => {
    const limit = createLimit(1);
    let end = () => {};
    const first = limit(never, () => new Promise<void>((resolve) => (end = resolve)));
    const control = new AbortController();
    const waiting = limit(control.signal, async () => 'never');
    control.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    const after = limit(never, async () => 'after');
    end();
    await first;
    expect(await after).toBe('after');
  });
});
