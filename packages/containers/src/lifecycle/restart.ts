import { invalidArgument } from '@ctrd/core';
import type { RestartOption } from '../container-options.js';

/** The labels by which containerd's restart monitor knows what to do. */
export function restartLabels(
  restart: RestartOption | undefined,
): Readonly<Record<string, string>> {
  if (restart === undefined) return {};
  if (!/^(always|unless-stopped|on-failure(:\d+)?)$/.test(restart.policy)) {
    throw invalidArgument(
      'restart.policy',
      'be always, unless-stopped, on-failure or on-failure:COUNT',
      restart.policy,
    );
  }
  return {
    'containerd.io/restart.status': 'running',
    'containerd.io/restart.policy': restart.policy,
    ...(restart.log === undefined ? {} : { 'containerd.io/restart.loguri': restart.log }),
  };
}

/** The label that tells the monitor that somebody wanted the stop. */
export const stoppedLabels: Readonly<Record<string, string>> = {
  'containerd.io/restart.status': 'stopped',
  'containerd.io/restart.explicitly-stopped': 'true',
};
