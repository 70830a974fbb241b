// #region own-host
import { text } from 'node:stream/consumers';
import { type ContainerOptions, containers } from '@ctrd/containers';
import { type ClientOptions, ctrd } from '@ctrd/core';
import { snapshots } from '@ctrd/snapshots';

/** Runs a program on a root file system of the host's own: no images, no pool. */
export async function run(
  client: ClientOptions,
  job: Pick<ContainerOptions, 'id' | 'rootfs' | 'args'>,
): Promise<{ output: string; exitCode: number }> {
  await using host = await ctrd(client).use(snapshots()).use(containers()).connect();
  await using container = await host.createContainer({ ...job, stdio: { stdout: 'pipe' } });
  const [output, { exitCode }] = await Promise.all([text(container.stdout), container.wait()]);
  return { output, exitCode };
}
// #endregion
