import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Version } from '@ctrd/api/services/version/v1';
import { containerdBinaries, type Line } from '../../tools/matrix/index.js';
import { askDaemon } from './ask-daemon.js';
import { isAlive, removeDaemonFolder } from './remains.js';
import { waitFor } from './wait-for.js';

const run = promisify(execFile);

/** A containerd of one line with folders of its own; plain data, so that it can be handed on. */
export interface DaemonPlace {
  readonly line: Line;
  /** The daemon's exact version, `1.7.24`. */
  readonly version: string;
  /** Everything of this daemon is below this folder. */
  readonly folder: string;
  /** Path of the gRPC socket. */
  readonly address: string;
  readonly ttrpcAddress: string;
  readonly root: string;
  readonly state: string;
  /** For the client's `runtimeDir`: no other daemon's clients use it. */
  readonly runtimeDir: string;
  readonly log: string;
  readonly configFile: string;
  readonly containerdPath: string;
  readonly ctrPath: string;
  /** The folder of the line's programs, for instance the shim. */
  readonly binDir: string;
  /** A `PATH` with the line's programs first. */
  readonly path: string;
  /** What its environment has besides. */
  readonly env: Readonly<Record<string, string>>;
}

/** How folders of test daemons start; the process id of their owner follows. */
export const folderPrefix = join(tmpdir(), 'ctrd-e2e-');

/**
 * Makes the folders and the configuration of a daemon.
 *
 * @param config - TOML for the end of the configuration: whole tables only.
 * @param programs - a folder that comes first on its `PATH`.
 * @param diskMb - what its root and its clients' runtime folder have, on a disk of their own.
 * @param env - variables for its environment.
 */
export async function newPlace(
  line: Line,
  options: {
    config?: string;
    programs?: string;
    diskMb?: number;
    env?: Readonly<Record<string, string>>;
  } = {},
): Promise<DaemonPlace> {
  const { config = '', programs, diskMb, env = {} } = options;
  const { containerd, ctr, binDir, path, version } = await containerdBinaries(line);
  const folder = await mkdtemp(`${folderPrefix}${process.pid}-`);
  const disk = diskMb === undefined ? folder : join(folder, 'disk');
  const place: DaemonPlace = {
    line,
    version,
    folder,
    address: join(folder, 'c.sock'),
    ttrpcAddress: join(folder, 'c.sock.ttrpc'),
    root: join(disk, 'root'),
    state: join(folder, 'state'),
    runtimeDir: join(disk, 'run'),
    log: join(folder, 'containerd.log'),
    configFile: join(folder, 'config.toml'),
    containerdPath: containerd,
    ctrPath: ctr,
    binDir,
    path: programs === undefined ? path : `${programs}:${path}`,
    env,
  };
  if (diskMb !== undefined) {
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', disk]);
  }
  await Promise.all([join(folder, 'tmp'), place.runtimeDir].map((path) => mkdir(path)));
  await writeFile(place.configFile, `${configOf(place)}\n${config}`);
  return place;
}

/** The same folders, with another line's programs. */
export async function ofLine(place: DaemonPlace, line: Line): Promise<DaemonPlace> {
  const { containerd, ctr, binDir, path, version } = await containerdBinaries(line);
  return { ...place, line, version, containerdPath: containerd, ctrPath: ctr, binDir, path };
}

/** Starts the daemon of a place and waits until it serves; gives its process id. */
export async function startDaemon(place: DaemonPlace): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('end-to-end tests start containerd and need root');
  const log = await open(place.log, 'a');
  // A session of its own: what ends the tests by the terminal shall not end the daemon midway.
  const child = spawn(place.containerdPath, ['--config', place.configFile], {
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
    env: { ...place.env, PATH: place.path, TMPDIR: join(place.folder, 'tmp') },
  });
  await once(child, 'spawn').finally(() => log.close());
  child.unref();
  const pid = child.pid ?? 0;
  await writeFile(join(place.folder, 'pid'), String(pid));
  try {
    await waitFor(
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) return 'ended';
        await askDaemon(place.address, 'default', (ask) => ask(Version.method.version));
        return 'serving';
      },
      { what: `containerd ${place.line} serves`, timeoutMs: 60_000, everyMs: 10 },
    );
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('containerd ended');
  } catch (cause) {
    const tail = (await readFile(place.log, 'utf8')).split('\n').slice(-30).join('\n');
    throw new Error(`containerd ${place.line} does not start:\n${tail}`, { cause });
  }
  return pid;
}

/** Sends a signal to the daemon alone, its shims live on, and waits until it has ended. */
export async function endDaemon(pid: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!(await isAlive(pid))) return;
  process.kill(pid, signal);
  await waitFor(async () => !(await isAlive(pid)), {
    what: `containerd (process ${pid}) ends`,
    timeoutMs: 30_000,
    everyMs: 10,
  });
}

/** Ends the daemon and removes everything it left on the machine. */
export async function removeDaemon(place: DaemonPlace): Promise<void> {
  await removeDaemonFolder(place.folder);
}

/** Runs `ctr` of the daemon's line on it and gives what it printed. */
export async function ctr(place: DaemonPlace, ...args: string[]): Promise<string> {
  const { stdout } = await run(place.ctrPath, ['--address', place.address, ...args], {
    env: { PATH: place.path },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  return stdout;
}

/** Version 2 is read by all lines; the plugins left out are Kubernetes', and one with a fixed socket. */
function configOf({ root, state, address, ttrpcAddress }: DaemonPlace): string {
  return `
version = 2
root = "${root}"
state = "${state}"
disabled_plugins = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.cri.v1.images",
  "io.containerd.cri.v1.runtime",
  "io.containerd.podsandbox.controller.v1.podsandbox",
  "io.containerd.nri.v1.nri",
]

[grpc]
address = "${address}"

[ttrpc]
address = "${ttrpcAddress}"

[plugins."io.containerd.internal.v1.opt"]
path = "${join(root, 'opt')}"
`;
}
