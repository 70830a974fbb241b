import { createClient, type DefaultClient } from '@ctrd/client';
import type { Setting } from './bench.js';

/** The default client on the benchmark's daemon. */
export function connect({ daemon, namespace }: Setting): Promise<DefaultClient> {
  const { address, runtimeDir } = daemon;
  return createClient({ address, namespace, runtimeDir });
}
