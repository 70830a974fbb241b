import { createLimit, type Limit } from '@ctrd/core';

/** Limits how many processes are started in one container at once. */
export interface ExecStarts {
  run<T>(containerId: string, signal: AbortSignal, start: () => Promise<T>): Promise<T>;
}

/**
 * The shim of containerd 1.6 answers nothing for 20 seconds when 32 processes are started at once;
 * and no machine starts them faster than a few at a time.
 */
const startsAtOnce = 16;

export function createExecStarts(): ExecStarts {
  const limits = new Map<string, { readonly limit: Limit; users: number }>();
  return {
    async run(containerId, signal, start) {
      const entry = limits.get(containerId) ?? { limit: createLimit(startsAtOnce), users: 0 };
      limits.set(containerId, entry);
      entry.users += 1;
      try {
        return await entry.limit(signal, start);
      } finally {
        entry.users -= 1;
        if (entry.users === 0) limits.delete(containerId);
      }
    },
  };
}
