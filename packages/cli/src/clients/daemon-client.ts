import { ctrd } from '@ctrd/client/core';
import type { Settings } from '../settings.js';

/** A client of the daemon alone: it loads nothing of containers, images and snapshots. */
export function connectDaemon({ address, namespace }: Settings, signal: AbortSignal) {
  return ctrd({ address, namespace }).connect({ signal });
}
