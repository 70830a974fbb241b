import { Health, HealthCheckResponse_ServingStatus } from '@ctrd/api/grpc/health/v1';
import { type Connection, createServiceClient, hasCode } from '@ctrd/core';
import type { Member } from './member.js';
import type { PoolSettings } from './pool-options.js';

/** What runs beside the calls while a pool has open connections. */
export interface Upkeep extends Disposable {
  /** Begins with the first connection; later ones change nothing. */
  begin(): void;
}

export interface UpkeepParts {
  readonly settings: PoolSettings;
  readonly members: () => readonly Member[];
  /** Closes what has been idle for too long. */
  readonly sweep: () => void;
}

/** Closes idle connections and checks the health of the others. Its timers keep no process alive. */
export function createUpkeep({ settings, members, sweep }: UpkeepParts): Upkeep {
  const { idleMs, healthCheck } = settings;
  const timers: NodeJS.Timeout[] = [];
  const checking = new WeakSet<Connection>();
  let ended = false;

  async function check(member: Member, timeoutMs: number): Promise<void> {
    const connection = member.open;
    if (connection === undefined || checking.has(connection)) return;
    checking.add(connection);
    const healthy = await serves(connection, timeoutMs);
    checking.delete(connection);
    if (member.open === connection) member.checked(healthy);
  }

  function every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms);
    timer.unref();
    timers.push(timer);
  }

  return {
    begin() {
      // A call that was let in before the pool began to close may open a connection after this has ended.
      if (ended || timers.length > 0) return;
      every(Math.max(idleMs / 4, 10), sweep);
      if (healthCheck === undefined) return;
      const { intervalMs, timeoutMs } = healthCheck;
      every(intervalMs, () => {
        for (const member of members()) void check(member, timeoutMs);
      });
    },
    [Symbol.dispose]() {
      ended = true;
      for (const timer of timers.splice(0)) clearInterval(timer);
    },
  };
}

/** Whether the daemon says that it serves; one that has no health service is not asked to. */
async function serves(connection: Connection, timeoutMs: number): Promise<boolean> {
  try {
    const { status } = await createServiceClient(Health, connection).check({}, { timeoutMs });
    return status === HealthCheckResponse_ServingStatus.SERVING;
  } catch (error) {
    return hasCode(error, 'unimplemented');
  }
}
