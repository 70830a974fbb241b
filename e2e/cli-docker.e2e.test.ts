import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { docker } from './support/docker.js';
import { bundleCli, cliIn, daemon, waitFor } from './support/index.js';

// Each step is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const containerd = daemon();

it.runIf(containerd.line === '2.1')(
  'a container of Docker has its name, ports and logs, and is entered and stopped (on 2.1 only: what is shown is in Docker’s files, the same on all lines)',
  async () => {
    await using cli = cliIn(containerd, 'moby');
    await bundleCli(cli.folder);
    await using engine = await docker(containerd);
    const rootfs = join(engine.root, '..', 'rootfs');
    await mkdir(join(rootfs, 'bin'), { recursive: true });
    await copyFile('/bin/busybox', join(rootfs, 'bin/busybox'));
    for (const name of ['sh', 'echo', 'sleep', 'seq']) {
      await symlink('busybox', join(rootfs, 'bin', name));
    }
    const archive = `${rootfs}.tar`;
    await promisify(execFile)('tar', ['-C', rootfs, '-cf', archive, '.']);
    await engine.run('import', archive, 'box:1');
    const script = 'echo out; echo err >&2; while :; do sleep 0.1; done';
    const options = ['run', '-d', '--name', 'gauss', '-p', '8080:80', 'box:1', 'sh', '-c', script];
    const id = (await engine.run(...options)).trim();
    const ctrd = (...args: string[]) => cli.run(args, { env: { CTRD_DOCKER_ROOT: engine.root } });

    const [row] = JSON.parse((await ctrd('ps', '-a', '-o', 'json')).stdout);
    expect(row).toMatchObject({ id, name: 'gauss', state: 'running' });
    expect(row.ports).toContainEqual({
      ...{ hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' },
    });
    expect((await ctrd('ps')).stdout).toMatch(/ running .* 8080->80\/tcp +gauss\n$/);
    await waitFor(async () => (await ctrd('logs', 'gauss')).stderr === 'err\n');
    expect(await ctrd('logs', 'gauss')).toEqual({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
    expect((await ctrd('logs', '-t', 'gauss')).stdout).toMatch(/^\d{4}-\d\d-\d\dT.*Z out\n$/);
    expect((await ctrd('logs', '--since', '2100-01-01', 'gauss')).stdout).toBe('');
    expect((await ctrd('exec', 'gauss', 'echo', 'inside')).stdout).toBe('inside\n');

    // Some hundred lines in several files, one of them packed.
    const count = 'for i in $(seq 1 400); do echo "line $i of what it has to say"; done; sleep 600';
    const small = ['max-size=10k', 'max-file=4', 'compress=true'].flatMap((option) => [
      ...['--log-opt', option],
    ]);
    await engine.run('run', '-d', '--name', 'talks', ...small, 'box:1', 'sh', '-c', count);
    const [talks] = JSON.parse((await ctrd('ps', '-a', '-o', 'json', '-f', 'name=talks')).stdout);
    const files = () => readdir(join(engine.root, 'containers', talks.id));
    await waitFor(async () => (await files()).some((name) => name.endsWith('.gz')));
    for (const tail of ['all', '390', '250', '5']) {
      const theirs = await engine.run('logs', '--tail', tail, 'talks');
      expect(await ctrd('logs', '--tail', tail, 'talks')).toEqual({
        ...{ exitCode: 0, stdout: theirs, stderr: '' },
      });
    }
    expect((await ctrd('logs', '--since', '1h', 'talks')).stdout.split('\n')).toHaveLength(401);
    await engine.run('rm', '-f', 'talks');

    // Docker hears of what others do to its containers.
    expect((await ctrd('kill', 'gauss')).exitCode).toBe(0);
    await waitFor(async () => (await engine.run('ps', '-q')) === '');
    expect(await engine.run('inspect', '-f', '{{.State.ExitCode}}', 'gauss')).toBe('137\n');
    await engine.run('rm', '-f', 'gauss');
    expect((await ctrd('ps', '-aq')).stdout).toBe('');
  },
);
