import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withStartLock } from '../src/start-lock.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-lock-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('the lock around a start', () => {
  it('lets one in at a time, also after a failure', async () => {
    const { signal } = new AbortController();
    let inside = 0;
    const enter = (fails: boolean) =>
      withStartLock(folder, signal, async () => {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise(setImmediate);
        inside -= 1;
        if (fails) throw new Error('no');
      });
    const all = await Promise.allSettled([enter(true), enter(false), enter(true), enter(false)]);
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('is not waited for longer than the call lasts', async () => {
    const { signal } = new AbortController();
    await withStartLock(folder, signal, async () => {
      const controller = new AbortController();
      const second = withStartLock(folder, controller.signal, async () => 'in');
      controller.abort();
      await expect(second).rejects.toMatchObject({ code: 'aborted' });
    });
  });
});
