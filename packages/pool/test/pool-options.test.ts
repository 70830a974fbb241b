import { describe, expect, it } from 'vitest';
import { pool, seedDefaults } from '../src/index.js';
import { poolSettings } from '../src/pool-options.js';

describe('the options of a pool', () => {
  it('default to one connection a role, with a thousand streams, that grows', () => {
    expect(poolSettings()).toMatchObject({
      capacity: { control: 1, bulk: 1, stream: 1 },
      maxStreams: 1000,
      whenExhausted: 'grow',
      growTo: 32,
      waitForReady: false,
      eager: false,
    });
  });

  it('have the defaults of the seed ready: five connections with a hundred streams', () => {
    expect(poolSettings(seedDefaults)).toMatchObject({
      capacity: { control: 5, bulk: 5, stream: 5 },
      maxStreams: 100,
    });
  });

  it('let a pool grow at least to its capacity', () => {
    expect(poolSettings({ capacity: 40 }).growTo).toBe(40);
  });

  it.each([
    ['capacity', { capacity: 0 }],
    ['capacity', { capacity: -1 }],
    ['capacity.stream', { capacity: { stream: 1.5 } }],
    ['maxStreams', { maxStreams: 0 }],
    ['growTo', { capacity: 5, growTo: 4 }],
    ['maxQueued', { maxQueued: Number.NaN }],
    ['queueTimeoutMs', { queueTimeoutMs: 0 }],
    ['queueTimeoutMs', { queueTimeoutMs: 2 ** 31 }],
    ['idleMs', { idleMs: -5 }],
    ['idleMs', { idleMs: Number.MAX_SAFE_INTEGER }],
    ['healthCheck.intervalMs', { healthCheck: { intervalMs: 999 } }],
    ['ejection.failures', { ejection: { failures: 0 } }],
    ['ejection.longestMs', { ejection: { firstMs: 100, longestMs: 99 } }],
  ])('refuse a bad %s', (field, options) => {
    expect(() => pool(options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field }),
    );
  });

  it('refuse, from plain JavaScript, words and strategies that are none', () => {
    const loose = pool as (options: unknown) => unknown;
    expect(() => loose({ whenExhausted: 'explode' })).toThrow(
      expect.objectContaining({ field: 'whenExhausted' }),
    );
    expect(() => loose({ strategy: {} })).toThrow(expect.objectContaining({ field: 'strategy' }));
  });
});
