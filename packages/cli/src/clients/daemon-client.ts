import { Connector, ctrd, http2Connector, Report } from '@ctrd/client/core';
import type { Settings } from '../settings.js';
import { toldToUser } from './report.js';

/** A client of the daemon alone: it loads nothing of containers, images and snapshots. */
export function connectDaemon(
  { address, namespace }: Pick<Settings, 'address' | 'namespace'>,
  signal: AbortSignal,
  connectTimeoutMs?: number,
) {
  // A command has more to load than to send: grpc-js would be most of it.
  const builder = ctrd({ address, namespace, connectTimeoutMs });
  return builder
    .provide(Connector, http2Connector())
    .provide(Report, toldToUser)
    .connect({ signal });
}
