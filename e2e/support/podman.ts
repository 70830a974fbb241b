import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianPackage } from '../../tools/debian/index.js';

/**
 * Debian's podman, which is not installed, with all it keeps in a folder. It loads, pulls and lists
 * images; it runs nothing.
 */
export async function podman(folder: string): Promise<(...args: string[]) => Promise<string>> {
  const unpacked = (name: string) => debianPackage({ suite: 'bookworm', name });
  const program = join(await unpacked('podman'), 'usr/bin/podman');
  const libraries = join(await unpacked('libsubid4'), 'usr/lib');
  const [architecture = ''] = await readdir(libraries);
  const conmon = join(await unpacked('conmon'), 'usr/bin/conmon');
  const config = join(folder, 'containers.conf');
  await writeFile(
    config,
    `[engine]
conmon_path = ["${conmon}"]
events_logger = "none"
cgroup_manager = "cgroupfs"
[network]
network_backend = "cni"
`,
  );
  const env = {
    ...{ PATH: process.env['PATH'], HOME: folder, CONTAINERS_CONF: config },
    LD_LIBRARY_PATH: join(libraries, architecture),
  };
  const own = ['root', 'runroot', 'tmpdir'].flatMap((name) => [`--${name}`, join(folder, name)]);
  return async (...args) => {
    const all = [...own, '--storage-driver', 'vfs', ...args];
    return (await promisify(execFile)(program, all, { env })).stdout;
  };
}
