import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  busyboxImage,
  busyboxName,
  cliFixture,
  file,
  testRegistry,
  waitFor,
} from './support/index.js';

// What ctrd has noted of a container that ctr removes stays: see the limits in docs/cli.md.
const cli = cliFixture(import.meta.url, { except: /^exit ours~~watch$/ });
const { containerd, namespace } = cli;

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

  it('reads its own --env-file, and leaves Node none', async () => {
    const file = join(cli.folder, 'variables');
    await writeFile(file, 'FROM_FILE=1\nNODE_OPTIONS=--require=/no/such/module\n');
    const shown = ['sh', '-c', 'echo $FROM_FILE $NODE_OPTIONS'];
    expect(await run('--env-file', file, busyboxName, ...shown)).toEqual({
      ...{ exitCode: 0, stdout: '1 --require=/no/such/module\n', stderr: '' },
    });
    for (const given of [file, '/no/such/file']) {
      expect(await run(busyboxName, 'echo', '--env-file', given)).toEqual({
        ...{ exitCode: 0, stdout: `--env-file ${given}\n`, stderr: '' },
      });
    }
    expect(await run('--env-file', '/no/such/file', busyboxName, 'true')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^ctrd: --env-file \/no\/such\/file cannot be read: ENOENT/),
    });
  });

  it('has docker’s exit codes for a program that is missing or none', async () => {
    expect(await run(busyboxName, 'no-such-program')).toMatchObject({ exitCode: 127 });
    expect(await run(busyboxName, '/etc/passwd')).toMatchObject({ exitCode: 126 });
  });

  it('forwards SIGTERM to the container, and ends with its exit code', async () => {
    const script = 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done';
    const { child, shown, ended } = cli.start(['run', '--rm', busyboxName, 'sh', '-c', script]);
    await waitFor(() => shown.stdout.includes('ready'));
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ exitCode: 5 });
  });

  it('ends what does not heed SIGINT with the third', async () => {
    const { child, ended } = cli.start([
      'run',
      '--rm',
      '--name',
      'deaf',
      busyboxName,
      'sleep',
      '600',
    ]);
    await waitFor(async () => (await cli.ok('ps', '-q')) === 'deaf\n');
    for (let count = 1; count <= 3; count += 1) {
      expect(child.exitCode).toBeNull();
      child.kill('SIGINT');
      // Two that come at once are one.
      await sleep(200);
    }
    expect(await ended).toMatchObject({ exitCode: 137 });
  });

  it('moves 100 MB through a container, whole, without keeping it', async () => {
    const size = 100_000_000;
    const child = cli.spawn(['run', '--rm', '-i', busyboxName, 'cat']);
    const line = Buffer.from('y\n'.repeat(32_768));
    const [sent, got] = [createHash('sha256'), createHash('sha256')];
    const resident = async (what: 'VmRSS' | 'VmHWM') => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    };
    let received = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      received += chunk.length;
      got.update(chunk);
    });
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', (code) => resolve(code));
    });
    let atFirst = 0;
    for (let left = size; left > 0; ) {
      const chunk = line.subarray(0, Math.min(left, line.length));
      left -= chunk.length;
      sent.update(chunk);
      // When something has come back, all that it needs is loaded.
      if (atFirst === 0 && received > 0) atFirst = await resident('VmRSS');
      if (!child.stdin.write(chunk)) {
        await new Promise((resolve) => child.stdin.once('drain', resolve));
      }
    }
    const grown = (await resident('VmHWM')) - atFirst;
    child.stdin.end();
    expect(await ended).toBe(0);
    expect(grown).toBeLessThan(60);
    expect(received).toBe(size);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });
});

describe('ctrd run that goes wrong', () => {
  it.each([
    [['run', '--name', '../x', busyboxName], 'id'],
    [['run', '-m', '1k', busyboxName], 'memory'],
    [['run', '-w', 'relative', busyboxName], 'cwd'],
    [['run', '-u', 'nobody-at-all', busyboxName], 'nobody-at-all'],
    [['run', '-v', 'name:/x', busyboxName], '--volume'],
    [['run', '-v', '/nowhere:/x', busyboxName], '/nowhere'],
    [['run', '-it', busyboxName], 'not a terminal'],
    [['run', '--restart', 'maybe', busyboxName], '--restart'],
    [['ps', '-f', 'foo=bar'], '--filter'],
    [['-n', 'a/b', 'ps'], 'namespace'],
    [['run', '--pull', 'never', 'no-such-image', 'true'], 'no-such-image'],
    [['exec', 'no-such-container', 'true'], 'no-such-container'],
  ])('%j names what is wrong, soon, and ends with 125', async (line, named) => {
    const began = performance.now();
    const { exitCode, stderr, stdout } = await cli.run(line);
    // A second on a machine with nothing else to do; the tests leave room for others.
    expect(performance.now() - began).toBeLessThan(30_000);
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' });
    expect(stderr).toContain(named);
  });

  it('is ended by a signal while it is at work, and leaves nothing', async () => {
    // A registry that never answers.
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const { child, shown, ended } = cli.start(['pull', `127.0.0.1:${port}/none:1`]);
    await waitFor(() => shown.stderr.includes('resolving') && sockets.size > 0);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ exitCode: 130 });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it.each([
    ['| :', 141, ''],
    [
      '> /dev/full',
      125,
      'ctrd: the output cannot be written: ENOSPC: no space left on device, write\n',
    ],
  ])('ends when its output goes nowhere: %s', async (whither, exitCode, told) => {
    const line = `${cli.shell(['--help'])} ${whither}; echo $PIPESTATUS`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line]);
    expect({ stdout, stderr }).toEqual({ stdout: `${exitCode}\n`, stderr: told });
  });

  it.each([
    ['logs -f', ['logs', '-f', 'told'], 'head -1'],
    ['save', ['save', busyboxName], 'head -c 100'],
    ['cp', ['cp', 'told:/bin', '-'], 'head -c 100'],
  ])(
    'gives back what it holds when nobody reads the output any more: %s',
    async (_, args, reader) => {
      const script = 'trap exit TERM; while :; do echo told; sleep 0.01; done';
      await cli.ok('run', '-d', '--name', 'told', busyboxName, 'sh', '-c', script);
      const { stdout, stderr } = await promisify(execFile)(
        'bash',
        ['-c', `${cli.shell(args)} | ${reader} > /dev/null; echo $PIPESTATUS`],
        { env: { ...process.env, ...cli.env } },
      );
      expect({ stdout, stderr }).toEqual({ stdout: '141\n', stderr: '' });
      expect(JSON.parse(await cli.ok('lease', 'ls', '-o', 'json'))).toEqual([]);
      const mounts = join(containerd.runtimeDir, 'mounts');
      expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(` ${mounts}/`);
      await cli.ok('rm', '-f', 'told');
    },
  );

  it('leaves to sweep what it held when it is killed', async () => {
    await using registry = await testRegistry();
    const { manifest, config, layers } = await busyboxImage({ layers: [[file('killed', 'pull')]] });
    registry.addManifest('box', manifest, '1');
    for (const { bytes } of [config, ...layers]) registry.addBlob(bytes);
    registry.misbehave(({ url = '' }) => url.endsWith(layers.at(-1)?.digest ?? ''));
    const { child, ended } = cli.start(['pull', `${registry.host}/box:1`]);
    const leases = async () => JSON.parse(await cli.ok('lease', 'ls', '-o', 'json'));
    await waitFor(async () => (await leases()).length === 1);
    child.kill('SIGKILL');
    await ended;
    expect(await cli.ok('sweep', '--kind', 'lease')).toMatch(/^removed 1, /);
    expect(await leases()).toEqual([]);
  });

  it('ends its container when nobody reads the output any more', async () => {
    const { stdout } = await promisify(execFile)(
      'bash',
      ['-c', `${cli.shell(['run', '--rm', busyboxName, 'yes'])} | head -1; echo $PIPESTATUS`],
      { env: { ...process.env, ...cli.env } },
    );
    expect(stdout).toBe('y\n137\n');
    expect(await cli.ok('ps', '-aq')).toBe('');
  });
});

describe('ctrd and a container that runs', () => {
  it('is listed, entered, paused, updated, logged and removed', async () => {
    const script = 'echo started; while :; do sleep 0.1; done';
    const created = await cli.run(['run', '-d', '--name', 'web', busyboxName, 'sh', '-c', script]);
    expect(created).toEqual({ exitCode: 0, stdout: 'web\n', stderr: '' });
    expect(await cli.ok('ps', '-q')).toBe('web\n');
    expect(await cli.ok('ps')).toMatch(/^CONTAINER .*\nweb .* running .*\n$/);
    const listed = JSON.parse(await cli.ok('-o', 'json', 'ps'));
    expect(listed).toMatchObject([{ id: 'web', status: 'running', image: busyboxName }]);
    expect(await cli.run(['exec', 'web', 'sh', '-c', 'exit 4'])).toMatchObject({ exitCode: 4 });
    const exec = await cli.run(['exec', '-i', '-u', 'app', 'web', 'cat'], { input: 'in' });
    expect(exec.stdout).toBe('in');
    expect(await cli.run(['exec', 'web', 'no-such-program'])).toMatchObject({ exitCode: 127 });
    await cli.ok('pause', 'web');
    expect(await cli.ok('ps')).toContain('paused');
    await cli.ok('unpause', 'web');
    await cli.ok('update', '--pids-limit', '50', 'web');
    expect(await cli.ok('stats', 'web')).toMatch(/\nweb .*s .*B /);
    expect(await cli.ok('top', 'web')).toMatch(/^PID .*\n(.*\n)?\d+ .*sh -c echo started/);
    expect(await cli.ok('inspect', '--format', '{{.id}} {{.tty}}', 'we')).toBe('web false\n');
    await cli.ok('rename', 'web', 'shop');
    expect(await cli.ok('ps', '--format', '{{.name}}', '-f', 'name=sho')).toBe('shop\n');
    await cli.ok('exec', 'shop', 'true');
    await cli.ok('rename', 'shop', 'web');
    await waitFor(async () => (await cli.ok('logs', 'web')) === 'started\n');
    const refused = await cli.run(['rm', 'web']);
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain('--force');
    await cli.ok('stop', '-t', '0', 'web');
    expect(await cli.ok('wait', 'web')).toBe('137\n');
    expect(await cli.ok('ps', '-a')).toContain('exited (137)');
    expect(await cli.run(['rm', 'web'])).toMatchObject({ exitCode: 0, stdout: 'web\n' });
    expect(await cli.ok('ps', '-a', '-q')).toBe('');
  });

  it('is made first and started later, watched, and copied from and to', async () => {
    const events = cli.start(['events', '-o', 'json']);
    const script = 'cat /tmp/in/note; echo made > /made; exit 3';
    const { stdout } = await cli.run(['create', '--name', 'job', busyboxName, 'sh', '-c', script]);
    expect(stdout).toBe('job\n');
    expect(await cli.ok('ps', '-a', '--format', '{{.status}}')).toBe('created\n');
    expect(await cli.ok('ps', '-q')).toBe('');
    // What a person has made is not what a program that ended has left behind.
    const kinds = ['--kind', 'task', '--kind', 'container'];
    expect(await cli.ok('sweep', ...kinds)).toMatch(/^removed 0, /);
    const folder = join(cli.folder, 'files');
    await mkdir(join(folder, 'in'), { recursive: true });
    await writeFile(join(folder, 'in/note'), 'from outside\n');
    expect(await cli.run(['cp', join(folder, 'in'), 'job:/tmp'])).toMatchObject({ exitCode: 0 });
    expect(await cli.run(['start', '-a', 'job'])).toEqual({
      ...{ exitCode: 3, stdout: 'from outside\n', stderr: '' },
    });
    expect(await cli.run(['cp', 'job:/made', join(folder, 'taken')])).toMatchObject({
      exitCode: 0,
    });
    expect(await readFile(join(folder, 'taken'), 'utf8')).toBe('made\n');
    await symlink('taken', join(folder, 'link'));
    await cli.ok('cp', 'job:/tmp/in/note', join(folder, 'link'));
    expect(await readFile(join(folder, 'taken'), 'utf8')).toBe('from outside\n');
    expect(await cli.run(['cp', join(folder, 'none'), 'job:/tmp'])).toMatchObject({
      ...{ exitCode: 125, stderr: expect.stringContaining(`${join(folder, 'none')} cannot be`) },
    });
    // As /dev/null is.
    const device = join(folder, 'device');
    await promisify(execFile)('mknod', [device, 'c', '1', '3']);
    expect(await cli.run(['cp', 'job:/made', device])).toMatchObject({
      ...{ exitCode: 125, stderr: expect.stringContaining('is not a regular file or a folder') },
    });
    await cli.ok('save', busyboxName, '--output', device);
    expect((await lstat(device)).isCharacterDevice()).toBe(true);
    expect(await cli.ok('logs', '--tail', '1', 'job')).toBe('from outside\n');
    expect(await cli.ok('ps', '-a', '-q', '-f', 'exited=3')).toBe('job\n');
    expect(await cli.run(['start', '-a', 'job'])).toEqual({
      ...{ exitCode: 3, stdout: 'from outside\n', stderr: '' },
    });
    expect(await cli.run(['start', 'job'])).toMatchObject({ exitCode: 0, stdout: 'job\n' });
    expect(await cli.ok('wait', 'job')).toBe('3\n');
    // Each of its three lives.
    expect(await cli.ok('logs', 'job')).toBe('from outside\n'.repeat(3));
    await cli.ok('rm', 'job');
    await waitFor(() => events.shown.stdout.includes('/containers/delete'));
    events.child.kill('SIGINT');
    const lines = (await events.ended).stdout.trim().split('\n');
    const topics = lines.map((line) => JSON.parse(line).topic);
    // It may not have listened yet when the container was made.
    expect(topics).toEqual(expect.arrayContaining(['/tasks/exit', '/containers/delete']));
  });

  it('stops a container and starts it again', async () => {
    const ids = ['run', '-d', '--name', 'again', busyboxName, 'sh', '-c', 'echo up; sleep 600'];
    expect(await cli.run(ids)).toMatchObject({ exitCode: 0 });
    const pid = async () => (await cli.ok('inspect', '--format', '{{.pid}}', 'again')).trim();
    const first = await pid();
    expect(await cli.run(['restart', '-t', '0', 'again'])).toEqual({
      ...{ exitCode: 0, stdout: 'again\n', stderr: '' },
    });
    const second = await pid();
    expect(second).not.toBe(first);
    expect(Number(second)).toBeGreaterThan(0);
    expect(await cli.run(['start', 'again'])).toMatchObject({ exitCode: 125, stdout: '' });
    await waitFor(async () => (await cli.ok('logs', 'again')) === 'up\nup\n');
    await cli.ok('rm', '-f', '-t', '0', 'again');
  });

  it('tells what it has changed of its image', async () => {
    const script = 'echo a > /new; echo b >> /etc/passwd; rm /etc/group';
    const made = ['run', '--name', 'changed', busyboxName, 'sh', '-c', script];
    expect(await cli.run(made)).toMatchObject({ exitCode: 0 });
    const changes = JSON.parse(await cli.ok('diff', '-o', 'json', 'changed'));
    expect(changes).toEqual(
      expect.arrayContaining([
        { kind: 'C', path: '/etc' },
        { kind: 'D', path: '/etc/group' },
        { kind: 'C', path: '/etc/passwd' },
        { kind: 'A', path: '/new' },
      ]),
    );
    expect(await cli.ok('diff', '--format', '{{.kind}}{{.path}}', 'changed')).toContain('A/new\n');
    await cli.ok('rm', 'changed');
  });

  it('keeps no output where it is told so', async () => {
    const made = ['run', '-d', '--name', 'silent', '--log-driver', 'none'];
    expect(await cli.run([...made, busyboxName, 'echo', 'said'])).toMatchObject({ exitCode: 0 });
    expect(await cli.ok('wait', 'silent')).toBe('0\n');
    await cli.ok('start', 'silent');
    expect((await cli.run(['logs', 'silent'])).stderr).toContain('no log');
    await cli.ok('rm', '-f', 'silent');
    const other = await run('--log-driver', 'syslog', busyboxName, 'true');
    expect(other).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('file, json-file or none'),
    });
  });

  it('shares containers with ctr, both ways', async () => {
    await containerd.ctr('-n', namespace, 'run', '-d', busyboxName, 'theirs', 'sleep', '600');
    expect(await cli.run(['exec', 'theirs', 'echo', 'inside'])).toMatchObject({
      stdout: 'inside\n',
    });
    await cli.ok('rm', '--force', '--time', '0', 'theirs');

    await cli.run(['run', '-d', '--name', 'ours', busyboxName, 'sleep', '600']);
    expect(await containerd.ctr('-n', namespace, 'containers', 'ls', '-q')).toBe('ours\n');
    const entered = ['tasks', 'exec', '--exec-id', 'e1', 'ours', 'echo', 'inside'];
    expect(await containerd.ctr('-n', namespace, ...entered)).toBe('inside\n');
    await containerd.ctr('-n', namespace, 'tasks', 'rm', '--force', 'ours');
    expect(await cli.ok('ps', '-a', '--format', '{{.state}}')).toBe('none\n');
    await containerd.ctr('-n', namespace, 'containers', 'rm', 'ours');
    expect(await cli.ok('ps', '-aq')).toBe('');
  });

  it('shares images with ctr, both ways', async () => {
    const ctr = (...args: string[]) => containerd.ctr('-n', namespace, 'images', ...args);
    await ctr('tag', busyboxName, 'docker.io/library/theirs:1');
    expect(await run('theirs:1', 'echo', 'runs')).toMatchObject({ exitCode: 0, stdout: 'runs\n' });
    await cli.ok('rmi', 'theirs:1');
    expect(await ctr('ls', '-q')).toBe(`${busyboxName}\n`);

    await cli.ok('tag', busyboxName, 'ours:1');
    expect(await ctr('ls', '-q')).toContain('docker.io/library/ours:1\n');
    await containerd.ctr('-n', namespace, 'run', '--rm', 'docker.io/library/ours:1', 'x', 'true');
    await ctr('rm', 'docker.io/library/ours:1');
    expect(await cli.ok('images', '-q')).toBe(`${busyboxName}\n`);
  });
});

describe('ctrd on the daemon', () => {
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
