import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerOptions, containers } from '@ctrd/containers';
import { ctrd, RuntimeDir } from '@ctrd/core';
import { busyboxRootfs } from '../../tools/busybox-image/index.js';
import type { TestDaemon } from './daemon.js';

/** A client of containers alone. */
export type ContainersClient = Awaited<ReturnType<typeof containersClient>>;

/** A client, and a busybox root file system that all containers share. */
export interface BusyboxClient extends AsyncDisposable {
  readonly client: ContainersClient;
  readonly rootfs: string;
  /** Makes a container on the root file system. */
  create(
    id: string,
    args: readonly string[],
    options?: Partial<ContainerOptions>,
  ): ReturnType<ContainersClient['createContainer']>;
}

export function containersClient({ address, runtimeDir }: TestDaemon, namespace: string) {
  return ctrd({ address, namespace })
    .provide(RuntimeDir, { path: runtimeDir })
    .use(containers())
    .connect();
}

export async function busyboxClient(daemon: TestDaemon, namespace: string): Promise<BusyboxClient> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-busybox-'));
  const rootfs = join(folder, 'rootfs');
  await busyboxRootfs(rootfs);
  const client = await containersClient(daemon, namespace);
  return {
    client,
    rootfs,
    create: (id, args, options) => client.createContainer({ id, rootfs, args, ...options }),
    async [Symbol.asyncDispose]() {
      await client.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
