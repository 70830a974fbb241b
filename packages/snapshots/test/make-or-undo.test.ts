import { describe, expect, it } from 'vitest';
import { makeOrUndo } from '../src/make-or-undo.js';

const never = async () => {
  throw new Error('nothing is to be undone');
};

describe('something that is made or undone', () => {
  it('is made', async () => {
    const { signal } = new AbortController();
    expect(await makeOrUndo(signal, async () => 'made', never)).toBe('made');
  });

  it('is not begun for a call that is aborted already', async () => {
    let begun = false;
    const making = makeOrUndo(AbortSignal.abort(), async () => (begun = true), never);
    await expect(making).rejects.toMatchObject({ code: 'aborted' });
    expect(begun).toBe(false);
  });

  it('is undone when the call is aborted while it is made', async () => {
    const controller = new AbortController();
    const steps: string[] = [];
    const making = makeOrUndo(
      controller.signal,
      async (signal) => {
        controller.abort();
        expect(signal.aborted).toBe(false);
        steps.push('made');
      },
      async () => void steps.push('undone'),
    );
    await expect(making).rejects.toMatchObject({ code: 'aborted' });
    expect(steps).toEqual(['made', 'undone']);
  });

  it('passes a failure on, with nothing to undo', async () => {
    const { signal } = new AbortController();
    const failing = async () => {
      throw new Error('no room');
    };
    await expect(makeOrUndo(signal, failing, never)).rejects.toThrow('no room');
  });
});
