import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEjection } from '../src/ejection.js';

const rules = { failures: 3, firstMs: 1000, longestMs: 4000 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An ejection, and how long each time out was. */
function watched() {
  const times: number[] = [];
  const returned = vi.fn();
  const ejection = createEjection(rules, { ejected: (forMs) => times.push(forMs), returned });
  return { ejection, times, returned };
}

describe('an ejection', () => {
  it('comes after failures in a row, and not when a success is between them', () => {
    const { ejection } = watched();
    ejection.failed(ejection.begun());
    ejection.failed(ejection.begun());
    ejection.succeeded();
    ejection.failed(ejection.begun());
    ejection.failed(ejection.begun());
    expect(ejection.active).toBe(false);
    ejection.failed(ejection.begun());
    expect(ejection.active).toBe(true);
  });

  it('takes calls that were under way together for one failure', () => {
    const { ejection } = watched();
    const together = Array.from({ length: 100 }, () => ejection.begun());
    for (const begin of together) ejection.failed(begin);
    expect(ejection.active).toBe(false);
    ejection.failed(ejection.begun());
    ejection.failed(ejection.begun());
    expect(ejection.active).toBe(true);
  });

  it('does not come when the connection itself has broken in between', () => {
    const { ejection } = watched();
    for (let time = 0; time < 10; time += 1) {
      ejection.failed(ejection.begun());
      ejection.broke();
    }
    expect(ejection.active).toBe(false);
  });

  it('ends after its time', () => {
    const { ejection, returned } = watched();
    ejection.eject();
    vi.advanceTimersByTime(999);
    expect(ejection.active).toBe(true);
    vi.advanceTimersByTime(1);
    expect(ejection.active).toBe(false);
    expect(returned).toHaveBeenCalledOnce();
  });

  it('is twice as long each time, up to a limit, until a success', () => {
    const { ejection, times } = watched();
    for (let time = 0; time < 4; time += 1) {
      ejection.eject();
      vi.runAllTimers();
    }
    expect(times).toEqual([1000, 2000, 4000, 4000]);
    ejection.succeeded();
    ejection.eject();
    expect(times.at(-1)).toBe(1000);
  });

  it('comes again with the first failure after its return', () => {
    const { ejection } = watched();
    ejection.eject();
    vi.runAllTimers();
    ejection.failed(ejection.begun());
    expect(ejection.active).toBe(true);
  });

  it('is not made longer by calls that fail during it', () => {
    const { ejection, times } = watched();
    ejection.eject();
    for (let failures = 0; failures < 100; failures += 1) ejection.failed(ejection.begun());
    vi.advanceTimersByTime(1000);
    expect(ejection.active).toBe(false);
    expect(times).toEqual([1000]);
  });

  it('leaves no timer when it is disposed', () => {
    const { ejection, returned } = watched();
    ejection.eject();
    ejection[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    expect(returned).not.toHaveBeenCalled();
  });
});
