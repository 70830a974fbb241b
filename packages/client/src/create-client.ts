import { type ContainersOptions, containers } from '@ctrd/containers';
import { type ClientOptions, ctrd } from '@ctrd/core';
import { type Daemon, type DaemonOptions, embeddedDaemon } from '@ctrd/daemon';
import { type ImagesOptions, images } from '@ctrd/images';
import { type PoolOptions, pool } from '@ctrd/pool';
import { snapshots } from '@ctrd/snapshots';

/** Options of {@link createClient}: of the client, and of each package in it. */
export interface CreateClientOptions extends ClientOptions {
  /**
   * `embedded` starts a private containerd in a temporary folder, which ends with the client; with
   * options, in a folder of the host's choice. Default: the daemon at `address`.
   */
  readonly daemon?: 'embedded' | DaemonOptions | undefined;
  readonly pool?: PoolOptions | undefined;
  readonly images?: ImagesOptions | undefined;
  readonly containers?: ContainersOptions | undefined;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
}

/** A client with every package in it. */
export type DefaultClient = Awaited<ReturnType<ReturnType<typeof defaultClient>['connect']>>;

/** A client with a containerd of its own. */
export type EmbeddedClient = DefaultClient & { readonly daemon: Daemon };

/**
 * The builder behind {@link createClient}, for a host that adds plugins or swaps a part:
 * `defaultClient({ … }).use(audit()).connect()`.
 */
export function defaultClient(options: Omit<CreateClientOptions, 'daemon' | 'signal'> = {}) {
  return ctrd(options)
    .use(pool(options.pool))
    .use(snapshots())
    .use(images(options.images))
    .use(containers(options.containers));
}

/**
 * Connects a client with every package in it.
 *
 * Throws `unavailable` when the daemon cannot be reached, and what `startDaemon` throws when it is
 * to be embedded.
 */
export async function createClient(
  options: CreateClientOptions & { readonly daemon: 'embedded' | DaemonOptions },
): Promise<EmbeddedClient>;
export async function createClient(options?: CreateClientOptions): Promise<DefaultClient>;
export async function createClient(options: CreateClientOptions = {}): Promise<DefaultClient> {
  const { daemon, signal, ...rest } = options;
  const builder = defaultClient(rest);
  if (daemon === undefined) return await builder.connect({ signal });
  return await builder.use(embeddedDaemon(daemon === 'embedded' ? {} : daemon)).connect({ signal });
}
