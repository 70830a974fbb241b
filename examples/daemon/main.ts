// #region daemon
import { ctrd } from '@ctrd/core';
import { type DaemonOptions, embeddedDaemon, startDaemon } from '@ctrd/daemon';

/** A daemon that several clients and processes use; its containers outlive it. */
export async function shared(root: string, options: DaemonOptions): Promise<string> {
  await using daemon = await startDaemon({ ...options, root });
  using _watch = daemon.watch((state) => console.log(`containerd is ${state}`));
  await using client = await ctrd({ address: daemon.address }).connect();
  return (await client.version()).version;
}

/** A daemon of one client: it starts with the client, and nothing is left of it afterwards. */
export async function embedded(options: DaemonOptions): Promise<string> {
  await using client = await ctrd().use(embeddedDaemon(options)).connect();
  return `${(await client.version()).version} at ${client.daemon.address}`;
}
// #endregion
