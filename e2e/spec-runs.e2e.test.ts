import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  compose,
  defaultSpec,
  type SpecChange,
  withArgs,
  withCapabilities,
  withCpus,
  withCwd,
  withDevices,
  withEnv,
  withHostname,
  withImageVolumes,
  withMemory,
  withPids,
  withPrivileged,
  withReadonlyRootfs,
  withRlimits,
  withRootfs,
  withSysctls,
  withTmpfs,
  withUser,
} from '../packages/containers/src/spec/index.js';
import { busyboxRootfs, daemon, namespaceOf } from './support/index.js';

const namespace = namespaceOf(import.meta.url);

describe('runc with our spec', () => {
  let rootfs: string;
  beforeAll(async () => {
    rootfs = await mkdtemp(join(daemon().folder, 'tmp', 'rootfs-'));
    // The root of all users, unlike the folder that is made.
    await chmod(rootfs, 0o755);
    await busyboxRootfs(rootfs);
    await mkdir(join(rootfs, 'data'));
    await writeFile(join(rootfs, 'data/kept'), 'of the image');
  });
  afterAll(async () => {
    await rm(rootfs, { recursive: true, force: true });
    await daemon().ctr('namespaces', 'rm', namespace);
  });

  /** Runs a script in a container of our spec, with nothing of `ctr`'s own in it. */
  async function output(id: string, script: string, change: SpecChange): Promise<string> {
    const program = compose(withArgs(['sh', '-c', script]), withEnv(['PATH=/bin:/usr/bin']));
    const spec = compose(program, withRootfs(rootfs), change)(defaultSpec({ namespace, id }));
    const config = join(daemon().folder, 'tmp', `${id}.json`);
    await writeFile(config, JSON.stringify(spec));
    return (await daemon().ctr('-n', namespace, 'run', '--rm', '--config', config, id)).trim();
  }

  it('runs the default spec: filtered, without new privileges, with 14 capabilities', async () => {
    const script =
      "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; unshare -U true || echo no";
    const text = await output('default', script, compose());
    expect(text.replaceAll('\t', ' ').split('\n')).toEqual([
      ...['CapEff: 00000000a80425fb', 'NoNewPrivs: 1', 'Seccomp: 2', 'no'],
    ]);
  });

  it('runs a privileged spec', async () => {
    const script =
      "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status; mount -t tmpfs none /mnt && echo yes";
    const text = await output('privileged', `mkdir -p /mnt; ${script}`, withPrivileged());
    expect(text.replaceAll('\t', ' ').split('\n')).toEqual(['NoNewPrivs: 0', 'Seccomp: 0', 'yes']);
  });

  it('runs a spec with everything that can be limited', async () => {
    const change = compose(
      withUser({ uid: 1000, gid: 1000, additionalGids: [1000, 29] }),
      withCapabilities({ drop: ['ALL'] }),
      withHostname('box'),
      withCwd('/tmp'),
      withRlimits({ NOFILE: 64 }),
      withSysctls({ 'net.ipv4.ip_forward': '0' }),
      withMemory(2 ** 26, 2 ** 26),
      withCpus({ cpus: 0.5, cpuShares: 512, cpuset: '0' }),
      withPids(50),
      withTmpfs('/tmp', { size: 4096 }),
      withDevices([{ path: '/dev/mine', type: 'c', major: 1, minor: 3, fileMode: 0o666 }]),
    );
    const script = 'id -u; id -G; hostname; pwd; ulimit -n; echo x > /dev/mine && echo wrote';
    const text = await output('limited', script, change);
    expect(text.split('\n')).toEqual(['1000', '1000 29', 'box', '/tmp', '64', 'wrote']);
  });

  it('keeps an image’s volume and its content writable under a read-only root', async () => {
    const change = compose(withReadonlyRootfs(), withImageVolumes(['/data']));
    const script =
      'touch /file 2>/dev/null || echo refused; cat /data/kept; echo; echo x > /data/new; ls /data';
    const text = await output('volumes', script, change);
    expect(text.split('\n')).toEqual(['refused', 'of the image', 'kept', 'new']);
  });
});
