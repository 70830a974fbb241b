import { invalidArgument } from '@ctrd/core';
import type { RestartOption } from '../container-options.js';
import { isLogUri } from '../io/stdio.js';

type Labels = Readonly<Record<string, string>>;

/** The labels by which containerd's restart monitor knows how to start a container. */
export function restartLabels(restart: RestartOption | undefined): Labels {
  if (restart === undefined) return {};
  if (!/^(always|unless-stopped|on-failure(:\d+)?)$/.test(restart.policy)) {
    throw invalidArgument(
      'restart.policy',
      'be always, unless-stopped, on-failure or on-failure:COUNT',
      restart.policy,
    );
  }
  if (restart.log !== undefined && !isLogUri(restart.log)) {
    throw invalidArgument('restart.log', 'be file:///path or binary:///program', restart.log);
  }
  return {
    [policyLabel]: restart.policy,
    ...(restart.log === undefined ? {} : { 'containerd.io/restart.loguri': restart.log }),
  };
}

const policyLabel = 'containerd.io/restart.policy';
const explicitLabel = 'containerd.io/restart.explicitly-stopped';
export const restartStatusLabel = 'containerd.io/restart.status';

/**
 * The label that makes the monitor look after a container with a policy. Not before its start: the
 * monitor would start what it finds, and make the task anew for it.
 */
export function startedLabels(of: Labels): Labels {
  if (of[policyLabel] === undefined) return {};
  const stopped = of[explicitLabel] !== undefined;
  return { [restartStatusLabel]: 'running', ...(stopped ? { [explicitLabel]: '' } : {}) };
}

/** The label that tells the monitor that somebody wanted the stop. */
export const stoppedLabels: Labels = {
  [restartStatusLabel]: 'stopped',
  [explicitLabel]: 'true',
};
