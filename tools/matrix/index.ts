import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianPackage, type Suite } from '../debian/index.js';

/** A containerd release line that the project supports. */
export type Line = '1.6' | '1.7' | '2.1';

/** The programs of one line. */
export interface ContainerdBinaries {
  readonly line: Line;
  /** What `containerd --version` calls itself, without the package's revision: `1.7.24`. */
  readonly version: string;
  readonly containerd: string;
  readonly ctr: string;
  /** The folder of all of the line's programs, the shim among them. */
  readonly binDir: string;
  /** A `PATH` on which the line's programs come first and the machine's `runc` is found. */
  readonly path: string;
}

const suites: Readonly<Record<Line, Suite>> = {
  '1.6': 'bookworm',
  '1.7': 'trixie',
  '2.1': 'forky',
};

/** All lines, oldest first. */
export const lines = Object.keys(suites) as readonly Line[];

/**
 * The programs of a containerd line, from the Debian suite that carries it. They need no newer libc
 * than bookworm's, and run with the `runc` that is installed on the machine: the newer suites'
 * builds of runc do need one.
 */
export async function containerdBinaries(line: Line): Promise<ContainerdBinaries> {
  const folder = await debianPackage({ suite: suites[line], name: 'containerd' });
  const binDir = join(folder, 'usr/bin');
  const containerd = join(binDir, 'containerd');
  const { stdout } = await promisify(execFile)(containerd, ['--version']);
  const version = /\s(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${containerd} does not tell its version: ${stdout}`);
  return {
    line,
    version,
    containerd,
    ctr: join(binDir, 'ctr'),
    binDir,
    path: `${binDir}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  };
}
