import { defaultClient } from '@ctrd/client';
import { Connector, http2Connector, Owner, Report } from '@ctrd/client/core';
import type { CommandSpec } from '../command-spec.js';
import type { Settings } from '../settings.js';
import { forsakenContainers } from './forsaken.js';
import { toldToUser } from './report.js';

/** What a command's client is told besides where to go. */
export interface ClientWishes {
  /** The platform of a command is that of all it does: `run` looks for the image that was pulled. */
  readonly platform?: string;
}

/** What kind of command it is for. */
type Kind = Required<Pick<CommandSpec, 'sweeps' | 'transient'>>;

/**
 * A person is the owner of what commands make, and outlives them: a container that `create` has made
 * and nobody has started yet is not what a dead program has left behind.
 */
const operator: Owner = { id: 'operator', state: async () => 'unknown' };

/** A client with everything. */
export function connectAll(
  settings: Settings,
  { platform }: ClientWishes,
  { signal, sweeps, transient }: Kind & { readonly signal: AbortSignal },
) {
  const options = { ...settings, images: { platform } };
  const builder = defaultClient(options)
    .provide(Connector, http2Connector())
    .provide(Report, toldToUser);
  // Who looks for what the dead have left must be able to tell who lives.
  if (sweeps) return builder.use(forsakenContainers(settings.namespace)).connect({ signal });
  return transient
    ? builder.connect({ signal })
    : builder.provide(Owner, operator).connect({ signal });
}
