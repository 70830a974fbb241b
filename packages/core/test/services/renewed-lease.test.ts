import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CtrdError } from '../../src/errors/index.js';
import type { LeaseResource, Leases } from '../../src/services/leases.js';
import { renewedLease } from '../../src/services/renewed-lease.js';

const { signal } = new AbortController();

beforeEach(() =>
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }),
);
afterEach(() => vi.useRealTimers());

/** Lets time go by in small steps, each with all that follows of it. */
async function pass(ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 50) {
    vi.advanceTimersByTime(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Leases in memory; `down` makes every call fail. */
function fakeLeases() {
  const held = new Map<string, LeaseResource[]>();
  const state = { held, down: false };
  let made = 0;
  const check = () => {
    if (state.down) throw new CtrdError('away', { code: 'unavailable' });
  };
  const leases: Pick<Leases, 'create' | 'resources' | 'add'> = {
    async create() {
      check();
      made += 1;
      const id = `lease-${made}`;
      held.set(id, []);
      return { id, keep() {}, [Symbol.asyncDispose]: async () => void held.delete(id) };
    },
    async resources(id) {
      check();
      return held.get(id) ?? [];
    },
    async add(id, resource) {
      check();
      held.set(id, [...(held.get(id) ?? []), resource]);
    },
  };
  return { ...state, state, leases: leases as Leases };
}

async function hold({ leases }: ReturnType<typeof fakeLeases>, closing = signal) {
  const failures: string[] = [];
  const report = ({ error }: { error: CtrdError }) => void failures.push(error.code);
  const lease = await renewedLease(leases, report, { signal, expiresInMs: 1000, closing });
  return { lease, failures };
}

const lost = expect.objectContaining({ code: 'lost', reason: 'lease' });
const resource = (id: string) => ({ type: 'content', id });

describe('a lease that is renewed', () => {
  it('takes over what the earlier ones hold, also what comes late', async () => {
    const fake = fakeLeases();
    const { lease, failures } = await hold(fake);
    await fake.leases.add(lease.id, resource('a'), { signal });
    expect(lease.id).toBe('lease-1');
    await pass(300);
    expect(lease.id).toBe('lease-2');
    await fake.leases.add('lease-1', resource('late'), { signal });
    await pass(5000);
    expect(fake.held.get(lease.id)).toEqual([resource('a'), resource('late')]);
    const { id } = lease;
    await lease[Symbol.asyncDispose]();
    const left = [...fake.held.keys()];
    expect(left).not.toContain(id);
    await pass(5000);
    expect([...fake.held.keys()]).toEqual(left);
    expect(failures).toEqual([]);
  });

  it('outlives a renewal that fails', async () => {
    const fake = fakeLeases();
    const { lease, failures } = await hold(fake);
    fake.state.down = true;
    await pass(600);
    fake.state.down = false;
    expect(lease.id).toBe('lease-1');
    await pass(1000);
    expect(lease.id).not.toBe('lease-1');
    expect(failures).toEqual(['unavailable', 'unavailable']);
  });

  it('is lost for good when it was renewed too late: what it held may be gone', async () => {
    const fake = fakeLeases();
    const { lease } = await hold(fake);
    fake.state.down = true;
    await pass(1100);
    expect(() => lease.id).toThrow(lost);
    fake.state.down = false;
    await pass(2000);
    expect(() => lease.id).toThrow(lost);
  });

  it('is renewed no more when the client closes', async () => {
    const fake = fakeLeases();
    const closing = new AbortController();
    await hold(fake, closing.signal);
    closing.abort();
    await pass(5000);
    expect([...fake.held.keys()]).toEqual(['lease-1']);
  });
});
