import type { PoolStrategy } from '../strategy.js';
import { leastInFlight } from './least-in-flight.js';

/**
 * Calls of one affinity, such as a container's id, stay on one connection as long as it may take
 * them; a connection that comes or goes moves only the keys that must move (rendezvous hashing).
 *
 * @param fallback - chooses for calls without an affinity. Default: {@link leastInFlight}.
 */
export function sticky(fallback: PoolStrategy = leastInFlight()): PoolStrategy {
  return {
    pick(candidates, call) {
      const { affinity } = call;
      if (affinity === undefined) return fallback.pick(candidates, call);
      return candidates.reduce((best, candidate) =>
        weight(affinity, candidate.id) > weight(affinity, best.id) ? candidate : best,
      );
    },
  };
}

/** 32 bits of FNV-1a over the key and the connection's number, mixed once more (MurmurHash3). */
function weight(key: string, id: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${id}/${key}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
