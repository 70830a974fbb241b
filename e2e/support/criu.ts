import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, debianPackage, madeOnce } from '../../tools/debian/index.js';

/** CRIU 4.1 and all that it is linked with; bookworm's 3.17 fails on newer kernels. */
const packages = [
  ...['criu', 'libc6', 'libbsd0', 'libgmp10', 'libgnutls30t64', 'libffi8', 'libhogweed6t64'],
  ...['libidn2-0', 'libjansson4', 'libmd0', 'libmnl0', 'libnet1', 'libnettle8t64', 'libnftables1'],
  ...['libnftnl11', 'libnl-3-200', 'libp11-kit0', 'libprotobuf-c1', 'libtasn1-6'],
  ...['libunistring5', 'libuuid1', 'libxtables12'],
] as const;

/** A folder with one program, `criu`: trixie's, with trixie's loader and libraries; made once. */
export function criuPrograms(): Promise<string> {
  return madeOnce(cacheFolder('criu', 'trixie'), async (target) => {
    const folders: string[] = [];
    for (const name of packages) folders.push(await debianPackage({ suite: 'trixie', name }));
    const [criu = '', libc = ''] = folders;
    const multiarch = 'usr/lib/x86_64-linux-gnu';
    const libraries = folders.map((folder) => join(folder, multiarch)).join(':');
    const loader = join(libc, multiarch, 'ld-linux-x86-64.so.2');
    const program = join(criu, 'usr/sbin/criu');
    await mkdir(target);
    const script = `#!/bin/sh\nexec ${loader} --library-path ${libraries} ${program} "$@"\n`;
    await writeFile(join(target, 'criu'), script);
    await chmod(join(target, 'criu'), 0o755);
  });
}
