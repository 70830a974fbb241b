import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CtrdError } from '../../src/errors/index.js';
import {
  abortError,
  mergeSignals,
  orAborted,
  uninterrupted,
  withDeadline,
} from '../../src/kernel/cancellation.js';

describe('merged signals', () => {
  it('end with the first of their sources, and with its reason', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    using merged = mergeSignals({ signal: a.signal }, b.signal);
    expect(merged.signal.aborted).toBe(false);
    b.abort('b');
    a.abort('a');
    expect(merged.signal.reason).toBe('b');
  });

  it('let go of their sources', () => {
    const source = new AbortController();
    mergeSignals({ signal: source.signal, timeoutMs: 60_000 })[Symbol.dispose]();
    expect(getEventListeners(source.signal, 'abort')).toHaveLength(0);
  });

  it('end at once for a time of 0, and with a timeout', () => {
    using merged = mergeSignals({ timeoutMs: 0 });
    expect(abortError(merged.signal)).toMatchObject({ code: 'timeout' });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'refuse the time %s, which no timer keeps',
    (timeoutMs) => {
      expect(() => mergeSignals({ timeoutMs })).toThrow(/timeoutMs must be/);
    },
  );
});

describe('an aborted call', () => {
  it('fails with the reason when that is ours', () => {
    const reason = new CtrdError('closing', { code: 'aborted', reason: 'closed' });
    expect(abortError(AbortSignal.abort(reason))).toBe(reason);
    expect(abortError(AbortSignal.abort('because'))).toMatchObject({
      code: 'aborted',
      cause: 'because',
    });
  });

  it('does not begin a step that makes something, and does not lose the result of one', async () => {
    await expect(uninterrupted(AbortSignal.abort(), async () => 1)).rejects.toMatchObject({
      code: 'aborted',
    });
    const controller = new AbortController();
    const made = uninterrupted(controller.signal, async () => {
      controller.abort();
      return 'made';
    });
    expect(await made).toBe('made');
  });

  it('does not wait for what goes on without it', async () => {
    const controller = new AbortController();
    const waiting = orAborted(controller.signal, new Promise(() => {}));
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('still has its clean-up, under a deadline of its own', async () => {
    const run = (signal: AbortSignal) => orAborted(signal, new Promise<never>(() => {}));
    await expect(withDeadline(1, run)).rejects.toMatchObject({ code: 'timeout' });
  });
});
