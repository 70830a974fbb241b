import { CtrdError, hasCode, toCtrdError } from '../errors/index.js';
import { withDeadline } from '../kernel/cancellation.js';
import type { Report } from '../kernel/report.js';
import type { Lease, LeaseResource, Leases } from './leases.js';

/** What a renewed lease is made with. */
export interface RenewedLeaseOptions {
  readonly signal: AbortSignal;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds that it outlives its last renewal. */
  readonly expiresInMs: number;
  /** Ends the renewals: the client closes. */
  readonly closing: AbortSignal;
}

interface Generation {
  readonly lease: Lease;
  /** By the clock that is never set. */
  readonly expiresAt: number;
}

/**
 * A lease that lives as long as it is held, and not much longer than the process that holds it. The
 * daemon cannot change a lease's expiry (no line has a call for it), so that each heartbeat makes a
 * new one, which takes over what the earlier ones hold. These are left to their own end: a call that
 * began under one still finds it, and what it adds there is taken over by the next heartbeat.
 */
export async function renewedLease(
  leases: Leases,
  report: Report,
  { signal, labels, expiresInMs, closing }: RenewedLeaseOptions,
): Promise<Lease> {
  let generations: readonly Generation[] = [];
  let kept = false;
  let ended = false;
  let lost = false;
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> = Promise.resolve();

  /** The newest is the last. */
  async function renew(signal: AbortSignal): Promise<void> {
    const madeAt = performance.now();
    const lease = await leases.create({ signal, labels, expiresInMs });
    try {
      for (const resource of await heldBy(living(), signal))
        await leases.add(lease.id, resource, { signal });
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      throw error;
    }
    const before = generations.at(-1);
    // Too late: what it held may have been collected before the new one did.
    if (before !== undefined && performance.now() >= before.expiresAt) lost = true;
    generations = [...living(), { lease, expiresAt: madeAt + expiresInMs }];
  }

  async function heldBy(
    old: readonly Generation[],
    signal: AbortSignal,
  ): Promise<readonly LeaseResource[]> {
    const held = new Map<string, LeaseResource>();
    for (const { lease } of old) {
      for (const resource of await leases.resources(lease.id, { signal }).catch(noneIfGone))
        held.set(`${resource.type} ${resource.id}`, resource);
    }
    return [...held.values()];
  }

  const living = () => generations.filter(({ expiresAt }) => performance.now() < expiresAt);

  async function beat(): Promise<void> {
    try {
      await withDeadline(expiresInMs / 2, renew);
    } catch (error) {
      report({ source: 'renewal of a lease', error: toCtrdError(error) });
    }
    schedule();
  }

  function schedule(): void {
    if (ended || lost) return;
    timer = setTimeout(() => {
      beating = beat();
    }, expiresInMs / heartbeats);
    // A program that only holds a lease has nothing left to do.
    timer.unref();
  }

  function stop(): void {
    ended = true;
    clearTimeout(timer);
    closing.removeEventListener('abort', stop);
  }

  await renew(signal);
  closing.addEventListener('abort', stop, { once: true });
  schedule();
  return {
    get id() {
      const newest = living().at(-1);
      if (newest === undefined) lost = true;
      else if (!lost) return newest.lease.id;
      throw new CtrdError('the lease has expired: it could not be renewed in time', {
        code: 'lost',
        reason: 'lease',
      });
    },
    keep() {
      kept = true;
    },
    async [Symbol.asyncDispose]() {
      stop();
      await beating;
      const rest = generations;
      generations = [];
      if (!kept) await Promise.all(rest.map(({ lease }) => lease[Symbol.asyncDispose]()));
    },
  };
}

/** Heartbeats within an expiry: one may fail, or take its time, before anything is lost. */
const heartbeats = 4;

/** One may expire, and be collected, right now. */
function noneIfGone(error: unknown): readonly LeaseResource[] {
  if (hasCode(error, 'not-found')) return [];
  throw error;
}
