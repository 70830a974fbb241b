import { Introspection } from '@ctrd/api/services/introspection/v1';
import { CtrdError, type Rpc } from '@ctrd/core';
import type { RestartOption } from '../container-options.js';

/**
 * Throws `unimplemented` for a policy that the daemon's restart monitor does not know. The monitor
 * says its policies since containerd 1.7; that of 1.6 starts whatever has ended again, always.
 */
export async function checkMonitor(
  rpc: Rpc,
  restart: RestartOption | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (restart === undefined) return;
  // Its type is another one since 2.0.
  const filters = ['id==restart'];
  const { plugins } = await rpc.client(Introspection).plugins({ filters }, { signal });
  const monitor = plugins.find(({ initErr }) => initErr === undefined);
  if (monitor === undefined) throw refused('the daemon has no restart monitor');
  const [policy = ''] = restart.policy.split(':');
  if (policy === 'always' || monitor.capabilities.includes(policy)) return;
  throw refused(`the daemon's restart monitor knows only the policy always, not ${policy}`);
}

function refused(why: string): CtrdError {
  return new CtrdError(why, { code: 'unimplemented', field: 'restart' });
}
