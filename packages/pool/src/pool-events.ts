import { channel } from 'node:diagnostics_channel';
import type { CallRole } from '@ctrd/core';

/** What the pool's diagnostics channels carry; fields that an event does not know are left out. */
export interface PoolEvent {
  readonly role: CallRole;
  /** The connection's number. Not with `queue`. */
  readonly connection?: number;
  /** Streams that the connection has left. With `acquire` and `release`. */
  readonly free?: number;
  /** Calls that wait for a stream, this one included. With `queue`. */
  readonly queued?: number;
  /** Until when the connection is left out, in milliseconds since 1970. With `eject`. */
  readonly until?: number;
}

/**
 * Channels of `node:diagnostics_channel`, each with a {@link PoolEvent}. An event is only made when
 * somebody listens.
 */
export const poolChannels = {
  /** `ctrd:pool:acquire`: a long-lived call takes a stream. */
  acquire: channel('ctrd:pool:acquire'),
  /** `ctrd:pool:release`: it gives it back. */
  release: channel('ctrd:pool:release'),
  /** `ctrd:pool:queue`: a long-lived call begins to wait for a stream. */
  queue: channel('ctrd:pool:queue'),
  /** `ctrd:pool:connect`: a connection is ready, for the first time or again. */
  connect: channel('ctrd:pool:connect'),
  /** `ctrd:pool:eject`: a connection is left out for a while. */
  eject: channel('ctrd:pool:eject'),
} as const;
