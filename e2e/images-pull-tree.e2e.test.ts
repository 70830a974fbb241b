import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildah,
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  dir,
  file,
  leakOracle,
  namespaceOf,
  podman,
} from './support/index.js';

const run = promisify(execFile);
const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const theirs = `${namespace}-ctr`;
const oracle = leakOracle(containerd, namespace);

let folder: string;
let registry: DebianRegistry;
let umoci: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-tree-'));
  registry = await debianRegistry();
  umoci = await madeByUmoci();
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const shell = (script: string) => run('sh', ['-ec', script], { cwd: folder });

/** An image by umoci from a real file system: links, attributes, special modes, removed files. */
async function madeByUmoci(): Promise<string> {
  const name = `${registry.host}/umoci:1`;
  await writeFile(join(folder, 'noted.tar'), await notedTar());
  await shell(`
    umoci init --layout oci && umoci new --image oci:1
    umoci unpack --image oci:1 one
    cd one/rootfs
    mkdir -p bin etc gone/deep opaque/old tmp
    chmod 1777 tmp
    cp /bin/busybox bin/busybox && chmod 4755 bin/busybox
    ln bin/busybox bin/hard && ln -s busybox bin/sh
    echo one > etc/conf && chown 1000:29 etc/conf && chmod 640 etc/conf
    echo old > opaque/old/file && echo gone > gone/deep/file
    mknod null c 1 3 && mkfifo fifo
    tar --xattrs '--xattrs-include=*' -xf ../../noted.tar
    cd ../.. && umoci repack --image oci:1 one && rm -rf one
    umoci unpack --image oci:1 two
    cd two/rootfs
    rm -r gone && rm -r opaque && mkdir opaque && echo new > opaque/file
    echo two > etc/conf && ln etc/conf etc/other && chmod 2755 tmp
    cd ../.. && umoci repack --image oci:1 two && rm -rf two
    skopeo copy -q --dest-tls-verify=false oci:oci:1 docker://${name}
  `);
  return name;
}

/** A file with attributes, which Node has no call for: a note, and `cap_net_raw` (version 2). */
function notedTar(): Promise<Uint8Array> {
  const content = Buffer.from('noted\n');
  const capability = `\x01\0\0\x02\0\x20${'\0'.repeat(14)}`;
  const pax = {
    'SCHILY.xattr.user.note': 'kept',
    'SCHILY.xattr.security.capability': capability,
  };
  const header = {
    name: 'etc/noted',
    type: 'file',
    mode: 0o600,
    size: content.length,
    pax,
  } as const;
  return packTar([{ header, body: content }]);
}

/** The same image by skopeo, with its layers packed anew. */
async function packedWithZstd(): Promise<string> {
  const name = `${registry.host}/umoci:zstd`;
  const { stdout } = await shell(`
    skopeo copy -q --dest-compress-format zstd oci:oci:1 oci:zstd:1
    skopeo copy -q --dest-tls-verify=false oci:zstd:1 docker://${name}
    skopeo inspect --raw --tls-verify=false docker://${name}
  `);
  expect(stdout).toContain('tar+zstd');
  return name;
}

/** What buildah builds from: links, special modes, removed files. */
async function buildContext(): Promise<string> {
  const context = join(folder, 'context');
  await mkdir(join(context, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(context, 'bin/busybox'));
  const base = `FROM scratch
COPY bin /bin
RUN ["/bin/busybox", "sh", "-c", "busybox --install -s /bin"]
RUN mkdir -p gone opaque && echo old > gone/f && echo old > opaque/f && chown 1000:29 opaque/f
RUN ln /bin/busybox /bin/hard && chmod 4755 /bin/busybox && mkfifo /fifo
RUN rm -r gone opaque && mkdir opaque && echo new > opaque/new && chmod 2755 opaque
ENTRYPOINT ["/bin/sh"]
`;
  await writeFile(join(context, 'Dockerfile'), base);
  await writeFile(join(context, 'Other'), 'FROM scratch\nCOPY bin /bin\n');
  return context;
}

/** An index of two platforms, in OCI's format. */
async function madeByBuildah(): Promise<string> {
  const name = `${registry.host}/buildah:1`;
  const context = await buildContext();
  const build = await buildah(folder);
  const add = ['build', '-q', '--layers', '--manifest', 'both'];
  await build(...add, '-t', 'built:1', '-f', join(context, 'Dockerfile'), context);
  await build(...add, '--platform', 'linux/riscv64', '-f', join(context, 'Other'), context);
  await build(
    ...['manifest', 'push', '-q', '--all', '--tls-verify=false', 'both', `docker://${name}`],
  );
  return name;
}

/** On what buildah has built, in Docker's format. */
async function madeByPodman(): Promise<string> {
  const name = `${registry.host}/podman:1`;
  const program = await podman(folder);
  const context = await buildContext();
  const recipe = join(context, 'More');
  await writeFile(recipe, 'FROM localhost/built:1\nCOPY More /by-podman\nLABEL by=podman\n');
  await program('build', '-q', '--format', 'docker', '-t', 'more:1', '-f', recipe, context);
  await program('push', '-q', '--tls-verify=false', 'more:1', `docker://${name}`);
  return name;
}

/** Sixty layers, of which some remove or replace what those below have. */
async function sixtyLayers(): Promise<string> {
  const layers = Array.from({ length: 59 }, (_, at) => [
    dir(`d${at % 7}`, { mode: 0o750, uid: at }),
    file(`d${at % 7}/f${at}`, `layer ${at}\n`, { uid: at, gid: at, mode: 0o600 + (at % 8) }),
    ...(at > 10 && at % 3 === 0 ? [file(`d${(at - 7) % 7}/.wh.f${at - 7}`, '')] : []),
    ...(at === 40 ? [file('d1/.wh..wh..opq', '')] : []),
  ]);
  await registry.seed('sixty:1', await busyboxImage({ layers }));
  return `${registry.host}/sixty:1`;
}

/** The whole tree as text: path, kind, mode, owner, time, links and attributes, with all content. */
async function treeOf(space: string, name: string): Promise<string> {
  const target = join(folder, `mount-${space}`);
  await mkdir(target, { recursive: true });
  await containerd.ctr('-n', space, 'images', 'mount', name, target);
  try {
    const { stdout: list } = await shell(
      `find '${target}' -printf '%P %y %#m %U:%G %n %s %T@ %l\\n' | grep -v ' d ' | sort`,
    );
    // A tar for each kind of attribute: those of a file are in any order.
    const { stdout: sums } = await shell(`
      for kind in user security trusted; do
        tar --format=posix --pax-option=delete=atime,delete=ctime --sort=name --numeric-owner \\
          --xattrs "--xattrs-include=$kind.*" --mtime=@0 -C '${target}' -c . > attributes.tar
        sha256sum attributes.tar
        grep -aoE 'SCHILY.xattr.[a-z.]+' attributes.tar || true
      done`);
    return `${list}${sums}`;
  } finally {
    await containerd.ctr('-n', space, 'images', 'unmount', '--rm', target);
  }
}

describe('what a pull unpacks', () => {
  it.each<[string, () => Promise<string>]>([
    ['links, attributes, special modes and removed files', async () => umoci],
    ['the same, packed with zstd', packedWithZstd],
    ['an index by buildah', madeByBuildah],
    ['an image by podman, on that of buildah', madeByPodman],
    ['sixty layers', sixtyLayers],
  ])('is what ctr unpacks: %s', async (_, make) => {
    const name = await make();
    const before = await oracle.count();
    {
      await using client = await ctrd({ address: containerd.address, namespace })
        .use(images({ registry: { credentials: () => undefined, hostsFolders: [], proxy: false } }))
        .connect();
      const { problem } = await client.pullImage(name);
      expect(problem).toBeUndefined();
      await containerd.ctr('-n', theirs, 'images', 'pull', '--plain-http', name);
      const ours = await treeOf(namespace, name);
      expect(ours).toBe(await treeOf(theirs, name));
      if (name.includes('/umoci:')) {
        expect(ours).toMatch(/user\.note\n.*security\.capability\n/s);
      }
      await client.removeImage(name, { sync: true });
      await containerd.ctr('-n', theirs, 'images', 'rm', '--sync', name);
    }
    await oracle.expectNothingLeft(before);
  });
});
