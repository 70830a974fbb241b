import type { ConnectionView } from '../../src/index.js';

/** A connection as a strategy sees it, healthy and unused but for what is given. */
export function view(id: number, facts: Partial<ConnectionView> = {}): ConnectionView {
  return {
    id,
    role: 'control',
    state: 'ready',
    healthy: true,
    free: 100,
    maxStreams: 100,
    inFlight: 0,
    latencyMs: undefined,
    lastPick: 0,
    ...facts,
  };
}
