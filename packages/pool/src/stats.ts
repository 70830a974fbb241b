import type { CallRole } from '@ctrd/core';
import type { Gate } from './gate.js';
import type { Group } from './group.js';
import type { PoolStats, RoleStats } from './pool-api.js';
import type { ConnectionView } from './strategy.js';

/** A picture of the pool that does not change any more. */
export function statsOf(
  { state, calls }: Gate,
  groups: Readonly<Record<CallRole, Group>>,
): PoolStats {
  const { control, bulk, stream } = groups;
  return {
    state,
    calls,
    connections: [control, bulk, stream].flatMap(({ members }) =>
      members.map(({ view }) => snapshot(view)),
    ),
    roles: { control: roleStats(control), bulk: roleStats(bulk), stream: roleStats(stream) },
  };
}

function roleStats({ members, queued }: Group): RoleStats {
  const sum = (measure: (view: ConnectionView) => number) =>
    members.reduce((total, { view }) => total + measure(view), 0);
  return {
    connections: members.length,
    inFlight: sum(({ inFlight }) => inFlight),
    free: sum(({ free }) => free),
    maxStreams: sum(({ maxStreams }) => maxStreams),
    queued,
  };
}

/** The getters' values of now. */
function snapshot(view: ConnectionView): ConnectionView {
  return { ...view };
}
