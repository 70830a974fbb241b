import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImageTar,
  busyboxName,
  cliFixture,
  type DebianRegistry,
  debianRegistry,
  htpasswd,
  privateAuthority,
  tokenServer,
  waitFor,
} from './support/index.js';

const cli = cliFixture(import.meta.url);
const { containerd, folder, json, namespace, ok } = cli;
let registry: DebianRegistry;

beforeAll(async () => {
  const passwords = join(folder, 'htpasswd');
  await writeFile(passwords, htpasswd);
  registry = await debianRegistry({
    config: `auth: {htpasswd: {realm: test, path: ${passwords}}}\n`,
  });
});

afterAll(() => registry[Symbol.asyncDispose]());

describe('ctrd on images', () => {
  it('lists, inspects and tags them, beside ctr', async () => {
    const [row] = await json('images', '-o', 'json');
    expect(row).toMatchObject({ name: busyboxName, platform: 'linux/amd64' });
    const [details] = JSON.parse(await ok('image', 'inspect', busyboxName));
    expect(details).toMatchObject({
      name: busyboxName,
      id: row.id,
      config: { env: expect.any(Array) },
    });
    expect(await json('inspect', busyboxName)).toEqual([details]);
    expect(await ok('images', '-q', 'busybox')).toBe(`${busyboxName}\n`);
    expect(await ok('images', '-q', 'busy')).toBe('');
    expect(await ok('history', busyboxName)).toContain('busybox-image');
    await ok('tag', busyboxName, 'other:1');
    const theirs = await containerd.ctr('-n', namespace, 'images', 'ls', '-q');
    expect(theirs).toContain('docker.io/library/other:1');
    await containerd.ctr('-n', namespace, 'images', 'rm', 'docker.io/library/other:1');
    expect(await ok('images', '-q')).toBe(`${busyboxName}\n`);
    await ok('tag', busyboxName, 'third:1');
    expect(await ok('image', 'rm', 'third:1')).toBe('third:1\n');
    expect(await ok('image', 'ls', '-q')).toBe(`${busyboxName}\n`);
  });

  it('commits, exports and imports them again', async () => {
    const script = 'echo changed > /changed; sleep 600';
    await ok('run', '-d', '--name', 'made', busyboxName, 'sh', '-c', script);
    await waitFor(async () => {
      return (await cli.run(['exec', 'made', 'cat', '/changed'])).stdout === 'changed\n';
    });
    expect(await ok('commit', '-c', 'CMD ["cat","/changed"]', 'made', 'app:1')).toMatch(
      /^docker\.io\/library\/app:1 sha256:/,
    );
    await ok('rm', '-f', '-t', '0', 'made');
    const archive = join(folder, 'app.tar');
    await ok('export', '-o', archive, 'app:1');
    await ok('rmi', '--sync', 'app:1');
    expect(await ok('rmi', '--force', 'app:1')).toBe('app:1\n');
    expect(await ok('load', '-i', archive)).toBe('docker.io/library/app:1\n');
    const input = await readFile(archive);
    expect(await cli.run(['load'], { input })).toMatchObject({
      ...{ exitCode: 0, stdout: 'docker.io/library/app:1\n' },
    });
    expect(await ok('run', '--rm', 'app:1')).toBe('changed\n');
    expect(await ok('image', 'prune', '-a', '--dry-run')).toContain('docker.io/library/app:1');
    await ok('rmi', '--sync', 'app:1');
  });

  it('logs in, pushes, pulls and logs out', async () => {
    const name = `${registry.host}/box:1`;
    const refused = await cli.run(['push', '-q', '--to', name, busyboxName]);
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain('ctrd login');
    const login = ['login', '-u', 'me', '--password-stdin', registry.host];
    const stored = () =>
      readFile(join(folder, 'docker/config.json'), 'utf8').catch(() => 'nothing');
    const wrong = await cli.run(login, { input: 'wrong\n' });
    expect(wrong).toMatchObject({ exitCode: 1, stdout: '' });
    expect(wrong.stderr).toContain(`${registry.host} does not take`);
    expect(await stored()).toBe('nothing');
    expect((await cli.run(login, { input: '' })).exitCode).toBe(125);
    expect(await cli.run(login, { input: 'secret\n' })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await stored()).toContain(registry.host);
    expect(await stored()).not.toContain('secret');
    const pushed = await cli.run(['push', '--to', name, busyboxName]);
    expect(pushed.stdout).toMatch(new RegExp(`^${name} sha256:[0-9a-f]{64}\n$`));
    expect(pushed.stderr).toMatch(/^layer-[0-9a-f]{12}: uploaded$/m);
    expect(await ok('pull', name)).toBe(`${name}\n`);
    await ok('rmi', '--sync', name);
    await ok('logout', registry.host);
    expect((await cli.run(['pull', '-q', name])).exitCode).toBe(125);
  });

  it('logs in to a registry that gives tokens, and to none that is not there', async () => {
    await using tokens = await tokenServer(await privateAuthority(folder));
    await using guarded = await debianRegistry({ config: tokens.config });
    const login = ['login', '-u', 'me', '--password-stdin', guarded.host];
    expect(await cli.run(login, { input: 'wrong' })).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await cli.run(login, { input: 'secret' })).toMatchObject({ exitCode: 0, stderr: '' });
    await ok('logout', guarded.host);
    const nobody = await cli.run([...login.slice(0, -1), '127.0.0.1:1'], { input: 'secret' });
    expect(nobody).toMatchObject({ exitCode: 125, stdout: '' });
    expect(nobody.stderr).toMatch(/127\.0\.0\.1:1\n.*registry/);
  });

  it('shows what they are made of', async () => {
    const [blob] = (await json('content', 'ls', '-o', 'json')).filter(
      ({ digest }: { digest: string }) => digest !== '',
    );
    expect((await ok('content', 'get', blob.digest)).length).toBeGreaterThan(0);
    const rows = await json('snapshot', 'ls', '-o', 'json');
    expect(rows).toMatchObject([{ kind: 'committed', snapshotter: 'overlayfs' }]);
    expect(await ok('snapshot', 'tree')).toContain('(committed)');
    expect(await ok('snapshot', 'usage', rows[0].key)).toMatch(/^size: [\d.]+ MB\n/);
    await ok('run', '--name', 'stands', busyboxName, 'true');
    expect(await ok('snapshot', 'mounts', 'stands')).toContain('overlay');
    // One that fails does not keep the other.
    expect(await cli.run(['snapshot', 'rm', 'stands', 'none-such'])).toEqual({
      exitCode: 125,
      stdout: 'stands\n',
      stderr: expect.stringContaining('none-such'),
    });
    expect(await ok('snapshot', 'ls', '-q')).toBe(`${rows[0].key}\n`);
    await ok('rm', 'stands');
    const digests = (await ok('content', 'ls', '-q')).trim().split('\n');
    expect(digests).toContain(blob.digest);
    await ok('rmi', '--sync', busyboxName);
    expect((await cli.run(['content', 'get', blob.digest])).exitCode).toBe(125);
    // What is gone already is no failure of who wants it gone.
    expect(await ok('content', 'rm', blob.digest)).toBe(`${blob.digest}\n`);
  });
});

describe('a command on what is not there', () => {
  const digest = `sha256:${'0'.repeat(64)}`;

  it('ends with 125, says what, and prints nothing else', async () => {
    const ofContainers = ['start', 'restart', 'stop', 'kill', 'pause', 'unpause', 'wait', 'rm']
      .concat('attach', 'logs', 'inspect', 'top', 'stats', 'diff')
      .map((command) => [command, 'nobody']);
    const lines = [
      ...ofContainers,
      ['exec', 'nobody', 'true'],
      ['update', '--cpus', '1', 'nobody'],
      ['rename', 'nobody', 'somebody'],
      ['cp', 'nobody:/x', '-'],
      ['commit', 'nobody', 'app:1'],
      ...['rmi', 'history', 'push'].map((command) => [command, 'nobody:1']),
      ['image', 'inspect', 'nobody:1'],
      ['tag', 'nobody:1', 'other:1'],
      ['export', '-o', join(folder, 'nobody.tar'), 'nobody:1'],
      ['import', join(folder, 'nobody.tar')],
      ...['usage', 'mounts', 'rm'].map((command) => ['snapshot', command, 'nobody']),
      ['content', 'get', digest],
      ['namespace', 'rm', 'nobody'],
      ['context', 'use', 'nobody'],
      ['context', 'rm', 'nobody'],
      ['daemon', 'stop', '--root', join(folder, 'nobody')],
      ['completion', 'nobody'],
    ];
    // Two at once, each with a processor of its own.
    const next = lines.values();
    const worker = async () => {
      for (const line of next) await check(line);
    };
    await Promise.all([worker(), worker()]);

    async function check(line: string[]): Promise<void> {
      const { exitCode, stdout, stderr } = await cli.run(line);
      expect({ line, exitCode, stdout }).toEqual({ line, exitCode: 125, stdout: '' });
      expect(stderr).toMatch(/^ctrd: .*(nobody|0{64})/);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });
});

describe('ctrd on the daemon', () => {
  it('says what it is and what is wrong with it', async () => {
    expect((await json('version', '-o', 'json')).containerd).toContain(containerd.line);
    expect(await json('info', '-o', 'json')).toMatchObject({ namespace, containers: 0 });
    expect(await ok('plugins', '-f', 'type==io.containerd.snapshotter.v1')).toContain('overlayfs');
    const { exitCode, stdout } = await cli.run(['doctor', '-o', 'json']);
    expect([0, 1]).toContain(exitCode);
    expect(JSON.parse(stdout)).toBeInstanceOf(Array);
    expect(await ok('sweep', '--dry-run', '--kind', 'no-such-kind')).toMatch(/^would remove 0/);
  });

  it('keeps namespaces and leases', async () => {
    const name = `${namespace}-made`;
    await ok('namespace', 'create', '-l', 'team=ci', name);
    expect(await json('namespace', 'ls', '-o', 'json')).toContainEqual({
      ...{ name, labels: { team: 'ci' } },
    });
    await ok('-n', name, 'lease', 'create', '--expires', '1h', 'held');
    const [lease] = await json('-n', name, 'lease', 'ls', '-o', 'json');
    expect(Date.parse(lease.expiresAt) - Date.now()).toBeGreaterThan(3_000_000);
    await ok('-n', name, 'lease', 'create', 'other');
    expect(await ok('-n', name, 'lease', 'rm', '--sync', 'other')).toBe('other\n');
    expect(await ok('-n', name, 'lease', 'ls', '-q')).toBe('held\n');
    await ok('-n', name, 'import', '-q', await busyboxImageTar());
    expect((await cli.run(['namespace', 'rm', name])).exitCode).toBe(125);
    await ok('namespace', 'rm', '--purge', name);
    expect(await ok('namespace', 'ls', '-q')).not.toContain(name);
  });

  it('goes where a context says, and completes names', async () => {
    await ok('context', 'create', 'here', '--namespace', namespace);
    await ok('context', 'use', 'here');
    expect(await json('context', 'ls', '-o', 'json')).toEqual([
      { name: 'here', current: true, namespace },
    ]);
    await ok('context', 'rm', 'here');
    expect((await cli.run(['--context', 'here', 'ps'])).stderr).toContain('there are none');
    expect(await ok('completion', 'bash')).toContain('complete -o default -F _ctrd ctrd');
    // A shell is not kept waiting: on a busy machine, names may be missing at the first time.
    await waitFor(async () => {
      const candidates = await ok('__complete', '--', '-n', namespace.slice(0, -1));
      return candidates.split('\n').includes(namespace);
    });
  });

  it('completes in bash', async () => {
    const programs = join(folder, 'programs');
    await mkdir(programs);
    await writeFile(join(programs, 'ctrd'), `#!/bin/sh\nexec ${cli.shell([])} "$@"\n`, {
      mode: 0o755,
    });
    const script = `source <(ctrd completion bash)
COMP_WORDS=(ctrd run --pull ''); COMP_CWORD=3; _ctrd; echo "\${COMPREPLY[*]}"`;
    const env = { ...process.env, PATH: `${programs}:${process.env['PATH']}` };
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env });
    expect(stdout).toBe('always missing never\n');
  });

  it('has a daemon of its own, which stays and is stopped', async () => {
    const root = join(folder, 'own');
    await mkdir(root);
    const started = await json(
      ...['daemon', 'start', '--root', root, '--containerd', containerd.containerdPath],
      ...['-o', 'json'],
    );
    try {
      expect(started).toMatchObject({ root, takenOver: false });
      const status = await json('daemon', 'status', '--root', root, '-o', 'json');
      expect(status).toMatchObject({ address: started.address });
      expect(await ok('-a', started.address, '-n', 'default', 'ps', '-q')).toBe('');
    } finally {
      await ok('daemon', 'stop', '--root', root);
    }
    expect((await cli.run(['daemon', 'status', '--root', root])).stderr).toContain('daemon start');
  });
});
