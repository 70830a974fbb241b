import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianPackage } from '../../tools/debian/index.js';

/** Runs a program with arguments, and gives what it prints. */
export type Program = (...args: string[]) => Promise<string>;

/**
 * Debian's podman, which is not installed, with all it keeps in a folder. It loads, pulls, lists and
 * builds images; it runs nothing, no step of a build either.
 */
export async function podman(folder: string): Promise<Program> {
  const program = join(await unpacked('podman'), 'usr/bin/podman');
  return await ofFolder(folder, [program, ...below(folder, ['root', 'runroot', 'tmpdir'])]);
}

/**
 * Debian's buildah in the same way; with podman in the same folder, each sees the other's images. The
 * steps of its builds run in a chroot.
 */
export async function buildah(folder: string): Promise<Program> {
  const program = join(await unpacked('buildah'), 'usr/bin/buildah');
  return await ofFolder(folder, [program, ...below(folder, ['root', 'runroot'])]);
}

const unpacked = (name: string) => debianPackage({ suite: 'bookworm', name });

const below = (folder: string, names: readonly string[]) =>
  names.flatMap((name) => [`--${name}`, join(folder, name)]);

async function ofFolder(
  folder: string,
  [program = '', ...own]: readonly string[],
): Promise<Program> {
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
    ...{ LD_LIBRARY_PATH: join(libraries, architecture), BUILDAH_ISOLATION: 'chroot' },
  };
  return async (...args) => {
    const all = [...own, '--storage-driver', 'vfs', ...args];
    return (await promisify(execFile)(program, all, { env })).stdout;
  };
}
