import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianPackage } from '../../tools/debian/index.js';
import type { TestDaemon } from './daemon.js';
import { waitFor } from './wait-for.js';

/** A Docker engine on a containerd that is given to it. */
export interface Docker extends AsyncDisposable {
  /** Where it keeps what it knows. */
  readonly root: string;
  /** Runs its client and gives what it printed. */
  run(...args: string[]): Promise<string>;
}

/**
 * Debian bookworm's Docker (20.10), which is not installed, with all it keeps in a folder. It lives
 * in a network namespace of its own, so that its bridge and its ports are not this machine's.
 */
export async function docker(containerd: TestDaemon): Promise<Docker> {
  const unpacked = await debianPackage({ suite: 'bookworm', name: 'docker.io' });
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-docker-'));
  const at = (name: string) => join(folder, name);
  await writeFile(at('daemon.json'), '{}');
  const env = {
    PATH: `${unpacked}/usr/sbin:${unpacked}/usr/bin:${containerd.path}`,
    DOCKER_HOST: `unix://${at('docker.sock')}`,
    DOCKER_CONFIG: at('client'),
  };
  const options = [
    ...['--containerd', containerd.address, '--host', env.DOCKER_HOST, '--pidfile', at('pid')],
    ...['--data-root', at('data'), '--exec-root', at('exec'), '--config-file', at('daemon.json')],
    ...['--iptables=false', '--ip6tables=false', '--storage-driver', 'vfs'],
  ];
  const inside = 'ip link set lo up; exec dockerd "$@"';
  const engine = spawn('unshare', ['--net', 'sh', '-c', inside, 'dockerd', ...options], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  engine.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => engine.once('close', () => resolve()));
  const run = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('docker', args, { env, timeout: 60_000 });
    return stdout;
  };
  const dispose = async () => {
    engine.kill('SIGTERM');
    await ended;
    await unmount(folder);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitFor(
      () =>
        run('version').then(
          () => true,
          () => engine.exitCode !== null,
        ),
      {
        ...{ what: 'dockerd serves', timeoutMs: 60_000 },
      },
    );
    await run('version');
  } catch (cause) {
    await dispose();
    throw new Error(`dockerd does not start:\n${log}`, { cause });
  }
  return { root: at('data'), run, [Symbol.asyncDispose]: dispose };
}

/** What is mounted there stays when the engine ends: its network namespaces. */
async function unmount(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  for (const line of mounts) {
    const [, path = ''] = line.split(' ');
    if (path.startsWith(`${folder}/`)) await promisify(execFile)('umount', ['-l', path]);
  }
}
