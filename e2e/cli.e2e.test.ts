import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCli, type Cli } from './support/cli.js';
import {
  busyboxImageTar,
  busyboxName,
  daemon,
  leakOracle,
  namespaceOf,
  type Remains,
  waitFor,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
let cli: Cli;
let before: Remains;

beforeAll(async () => {
  cli = await bundledCli(containerd, namespace);
  // After the bundler, which goes on in the background.
  before = await oracle.count();
  const imported = await cli.run(['import', await busyboxImageTar()]);
  expect(imported).toEqual({ exitCode: 0, stdout: `${busyboxName}\n`, stderr: '' });
});

afterAll(async () => {
  await containerd.ctr('-n', namespace, 'images', 'rm', '--sync', busyboxName);
  await oracle.expectNothingLeft(before);
  await cli[Symbol.asyncDispose]();
});

const run = (...args: string[]) => cli.run(['run', '--rm', ...args]);

describe('ctrd run', () => {
  it('ends as the container does', async () => {
    expect(await run(busyboxName, 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('gives the container its input, and the end of it', async () => {
    const args = ['run', '--rm', '-i', busyboxName, 'cat'];
    expect(await cli.run(args, { input: 'hi\n' })).toMatchObject({ exitCode: 0, stdout: 'hi\n' });
  });

  it('applies what the options say', async () => {
    const script = 'echo $A $B; pwd; id -un; hostname; cat /proc/self/status | grep NoNewPrivs';
    const { stdout } = await run(
      ...['-e', 'A=1', '-e', 'B=2', '-w', '/tmp', '-u', 'app', '--hostname', 'box'],
      ...[busyboxName, 'sh', '-c', script],
    );
    expect(stdout).toBe('1 2\n/tmp\napp\nbox\nNoNewPrivs:\t1\n');
  });

  it('has docker’s exit codes for a program that is missing or none', async () => {
    expect(await run(busyboxName, 'no-such-program')).toMatchObject({ exitCode: 127 });
    expect(await run(busyboxName, '/etc/passwd')).toMatchObject({ exitCode: 126 });
    const { exitCode, stderr } = await run('no-such-image', 'true');
    expect(exitCode).toBe(125);
    expect(stderr).toContain('no-such-image');
  });

  it('gives a terminal of our size', async () => {
    const command = cli.shell(['run', '--rm', '-it', busyboxName, 'sh', '-c', 'tty; stty size']);
    const shown = await inTerminal(`stty rows 33 cols 77; ${command}`);
    expect(shown).toContain('/dev/pts/0');
    expect(shown).toContain('33 77');
  });

  it('forwards SIGTERM to the container, and ends with its exit code', async () => {
    const script = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done';
    const child = cli.start(['run', '--rm', busyboxName, 'sh', '-c', script]);
    child.stdin.end();
    let seen = '';
    child.stdout.on('data', (chunk) => {
      seen += chunk;
    });
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', (code) => resolve(code));
    });
    await waitFor(() => seen.includes('ready'));
    child.kill('SIGTERM');
    expect(await ended).toBe(5);
  });

  it('moves 100 MB through a container, whole', async () => {
    const size = 100_000_000;
    const child = cli.start(['run', '--rm', '-i', busyboxName, 'cat']);
    const line = Buffer.from('y\n'.repeat(32_768));
    const [sent, got] = [createHash('sha256'), createHash('sha256')];
    let received = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      received += chunk.length;
      got.update(chunk);
    });
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', (code) => resolve(code));
    });
    for (let left = size; left > 0; ) {
      const chunk = line.subarray(0, Math.min(left, line.length));
      left -= chunk.length;
      sent.update(chunk);
      if (!child.stdin.write(chunk)) {
        await new Promise((resolve) => child.stdin.once('drain', resolve));
      }
    }
    child.stdin.end();
    expect(await ended).toBe(0);
    expect(received).toBe(size);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });
});

describe('ctrd and a container that runs', () => {
  it('is listed, entered, paused, updated, logged and removed', async () => {
    const script = 'echo started; while :; do sleep 0.1; done';
    const created = await cli.run(['run', '-d', '--name', 'web', busyboxName, 'sh', '-c', script]);
    expect(created).toEqual({ exitCode: 0, stdout: 'web\n', stderr: '' });
    expect((await cli.run(['ps', '-q'])).stdout).toBe('web\n');
    expect((await cli.run(['ps'])).stdout).toMatch(/^CONTAINER .*\nweb .* running .*\n$/);
    const listed = JSON.parse((await cli.run(['-o', 'json', 'ps'])).stdout);
    expect(listed).toMatchObject([{ id: 'web', status: 'running', image: busyboxName }]);
    expect(await cli.run(['exec', 'web', 'sh', '-c', 'exit 4'])).toMatchObject({ exitCode: 4 });
    const exec = await cli.run(['exec', '-i', '-u', 'app', 'web', 'cat'], { input: 'in' });
    expect(exec.stdout).toBe('in');
    expect(await cli.run(['exec', 'web', 'no-such-program'])).toMatchObject({ exitCode: 127 });
    expect((await cli.run(['pause', 'web'])).exitCode).toBe(0);
    expect((await cli.run(['ps'])).stdout).toContain('paused');
    expect((await cli.run(['unpause', 'web'])).exitCode).toBe(0);
    expect((await cli.run(['update', '--pids-limit', '50', 'web'])).exitCode).toBe(0);
    expect((await cli.run(['stats', 'web'])).stdout).toMatch(/\nweb .*s .*B /);
    expect((await cli.run(['top', 'web'])).stdout).toMatch(/^PID .*\n\d+ /);
    await waitFor(async () => (await cli.run(['logs', 'web'])).stdout === 'started\n');
    const refused = await cli.run(['rm', 'web']);
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain('--force');
    expect((await cli.run(['stop', '-t', '0', 'web'])).exitCode).toBe(0);
    expect((await cli.run(['wait', 'web'])).stdout).toBe('137\n');
    expect((await cli.run(['ps', '-a'])).stdout).toContain('exited (137)');
    expect(await cli.run(['rm', 'web'])).toMatchObject({ exitCode: 0, stdout: 'web\n' });
    expect((await cli.run(['ps', '-a', '-q'])).stdout).toBe('');
  });

  it('shares containers with ctr, both ways', async () => {
    await containerd.ctr('-n', namespace, 'run', '-d', busyboxName, 'theirs', 'sleep', '600');
    expect(await cli.run(['exec', 'theirs', 'echo', 'inside'])).toMatchObject({
      stdout: 'inside\n',
    });
    expect((await cli.run(['rm', '--force', '--time', '0', 'theirs'])).exitCode).toBe(0);

    await cli.run(['run', '-d', '--name', 'ours', busyboxName, 'sleep', '600']);
    expect(await containerd.ctr('-n', namespace, 'containers', 'ls', '-q')).toBe('ours\n');
    const entered = ['tasks', 'exec', '--exec-id', 'e1', 'ours', 'echo', 'inside'];
    expect(await containerd.ctr('-n', namespace, ...entered)).toBe('inside\n');
    expect((await cli.run(['rm', '-f', '--time', '0', 'ours'])).exitCode).toBe(0);
  });
});

describe('ctrd on the daemon', () => {
  it('answers its version, plugins, namespaces, images and snapshots', async () => {
    const version = JSON.parse((await cli.run(['-o', 'json', 'version'])).stdout);
    expect(version.containerd).toContain(containerd.line);
    expect((await cli.run(['plugins'])).stdout).toContain('overlayfs');
    expect((await cli.run(['namespace', 'ls'])).stdout).toContain(namespace);
    expect((await cli.run(['images'])).stdout).toContain(busyboxName);
    expect((await cli.run(['snapshot', 'tree'])).stdout).toContain('committed');
  });

  it('says what to do when there is no daemon, and how it is used when it is used wrongly', async () => {
    const away = await cli.run(['-a', '/nowhere/containerd.sock', 'ps']);
    expect(away.exitCode).toBe(125);
    expect(away.stderr).toMatch(/\/nowhere\/containerd.sock.*\n.*CONTAINERD_ADDRESS/);
    const wrong = await cli.run(['run', '--no-such-option']);
    expect(wrong).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('--help') });
    const help = await cli.run(['run', '--help']);
    expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Examples:') });
  });
});

/** Runs a shell command in a terminal, and answers what it showed. */
async function inTerminal(command: string): Promise<string> {
  const env = {
    ...process.env,
    CONTAINERD_ADDRESS: containerd.address,
    CONTAINERD_NAMESPACE: namespace,
  };
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const shown = await buffer(child.stdout);
  return shown.toString();
}
