import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containers } from '@ctrd/containers';
import { ctrd } from '@ctrd/core';
import { shims } from '../../e2e/support/remains.js';
import { busyboxRootfs } from '../../tools/busybox-image/index.js';
import type { Setting } from './bench.js';

const atOnce = 4;

/** Containers that share a shim, so that thousands fit into a machine. */
export const containersAShim = 50;

export interface RunningContainer {
  readonly id: string;
  readonly pid: number;
}

/** Makes containers that run until SIGTERM and end with 0 then, and leaves them without a client. */
export async function makeContainers(
  { daemon, namespace }: Setting,
  folder: string,
  count: number,
): Promise<RunningContainer[]> {
  const rootfs = join(folder, 'rootfs');
  await busyboxRootfs(rootfs);
  const options = { address: daemon.address, namespace, runtimeDir: join(folder, 'maker') };
  const client = await ctrd(options).use(containers()).connect();
  const made: RunningContainer[] = [];
  let next = 0;
  const worker = async (worker: number) => {
    for (let index = next++; index < count; index = next++) {
      const id = `running-${index}`;
      const { pid } = await client.createContainer({
        ...{ id, rootfs, stdio: 'null' },
        args: ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait'],
        // Shims of each worker's own: a shim is there when its first container is.
        shimGroup: `running-${worker}-${Math.floor(index / atOnce / containersAShim)}`,
      });
      made.push({ id, pid });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, index) => worker(index)));
  } finally {
    await client.close();
  }
  return made;
}

/** Bytes of memory that all shims of the namespace have. */
export async function shimsMemory({ namespace }: Setting): Promise<number> {
  const own = (await shims()).filter((shim) => shim.namespace === namespace);
  const bytes = await Promise.all(own.map(({ pid }) => residentBytes(pid)));
  return bytes.reduce((sum, one) => sum + one, 0);
}

/** Bytes of memory that a process has. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
