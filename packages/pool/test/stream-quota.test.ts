import { describe, expect, it } from 'vitest';
import { createStreamQuota } from '../src/stream-quota.js';

const silent = { taken() {}, freed() {} };

describe('a quota of streams', () => {
  it('takes and gives back by hand', () => {
    const quota = createStreamQuota(100, silent);
    quota.consume(40);
    expect(quota.free).toBe(60);
    quota.produce(15);
    expect(quota.free).toBe(75);
  });

  it('takes nothing when fewer are free than asked for', () => {
    const quota = createStreamQuota(10, silent);
    quota.consume(7);
    expect(() => quota.consume(4)).toThrow(expect.objectContaining({ code: 'quota-exhausted' }));
    expect(quota.free).toBe(3);
  });

  it('never has more than its maximum', () => {
    const quota = createStreamQuota(10, silent);
    quota.consume(2);
    quota.produce(5);
    quota.produce(5);
    expect(quota.free).toBe(10);
  });

  it('does not let hands give back what a lease holds', () => {
    const quota = createStreamQuota(2, silent);
    using _lease = quota.lease();
    quota.consume();
    quota.produce(2);
    expect(quota.free).toBe(1);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('rejects a count of %s', (n) => {
    const quota = createStreamQuota(10, silent);
    const invalid = expect.objectContaining({ code: 'invalid-argument', field: 'n' });
    expect(() => quota.consume(n)).toThrow(invalid);
    expect(() => quota.produce(n)).toThrow(invalid);
    expect(quota.free).toBe(10);
  });

  it('gives a lease back once, however often it is disposed', () => {
    const quota = createStreamQuota(3, silent);
    const lease = quota.lease();
    using _other = quota.lease();
    lease[Symbol.dispose]();
    lease[Symbol.dispose]();
    expect(lease.released).toBe(true);
    expect(quota.free).toBe(2);
  });
});
