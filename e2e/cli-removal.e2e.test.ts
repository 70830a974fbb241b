import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  busyboxName,
  cliFixture,
  importBusybox,
  leakOracle,
  privateDaemon,
  waitFor,
} from './support/index.js';

const cli = cliFixture(import.meta.url);
const { namespace, ok, run } = cli;

const untilGo = 'while ! test -e /go; do sleep 0.05; done';
const forever = 'trap "exit 0" TERM; while :; do sleep 0.05; done';
const kept = (name: string, script: string) => cli.detached(name, script, '--rm');

/** The processes that wait for the end of containers. */
async function keepers(): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  const program = join(cli.folder, 'dist/keeper.js');
  return pids.filter((_pid, index) => lines[index]?.includes(program)).map(Number);
}

/** The container, its log and its keeper are gone. */
async function expectGone(name: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  await waitFor(async () => (await keepers()).length === 0, { timeoutMs: 90_000 });
  const { stdout } = await run(['ps', '-aq'], { env });
  expect(stdout.split('\n')).not.toContain(name);
  const logs = await readdir(join(cli.folder, 'logs', namespace));
  expect(logs.filter((log) => log.startsWith(`${name}.`) || log.startsWith(`${name}-`))).toEqual(
    [],
  );
}

describe('ctrd run -d --rm', () => {
  it('removes the container and its log when it has ended, and who waits is told how', async () => {
    await kept('job', `echo first; ${untilGo}; echo last; exit 7`);
    const [keeper = 0, ...others] = await keepers();
    expect(others).toEqual([]);
    const status = await readFile(`/proc/${keeper}/smaps_rollup`, 'utf8');
    // The rest of it is the program, which all processes of Node.js share.
    expect(Number(/^Private_Dirty: +(\d+) kB$/m.exec(status)?.[1])).toBeLessThan(30_000);
    const waiting = cli.start(['wait', 'job']);
    const followed = cli.start(['logs', '-f', 'job']);
    // Whoever comes when it has ended finds nothing.
    for (const { child } of [waiting, followed]) await untilQuiet(child.pid ?? 0);
    await ok('exec', 'job', 'touch', '/go');
    expect(await waiting.ended).toEqual({ exitCode: 0, stdout: '7\n', stderr: '' });
    expect(await followed.ended).toEqual({ exitCode: 0, stdout: 'first\nlast\n', stderr: '' });
    await expectGone('job');
  });

  it('removes what has ended at once, and leaves nothing of what could not be started', async () => {
    await kept('short', 'true');
    await expectGone('short');
    const missing = ['run', '-d', '--rm', '--name', 'none', busyboxName, 'no-such-program'];
    expect(await run(missing)).toMatchObject({ exitCode: 127, stdout: '' });
    await expectGone('none');
  });

  it('is stopped, and removed by force, like any other, and its name is free then', async () => {
    for (const end of [['stop'], ['stop', '-t', '0'], ['rm', '-f'], ['rm', '-f', '-t', '0']]) {
      await kept('web', forever);
      expect(await run([...end, 'web'])).toEqual({ exitCode: 0, stdout: 'web\n', stderr: '' });
    }
    await expectGone('web');
  });

  it('is not started again: it would be gone before', async () => {
    await kept('once', forever);
    expect(await run(['restart', 'once'])).toMatchObject({
      ...{ exitCode: 125, stderr: expect.stringContaining('--rm') },
    });
    expect(await run(['run', '-d', '--rm', '--restart', 'always', busyboxName])).toMatchObject({
      ...{ exitCode: 125, stderr: expect.stringContaining('--restart') },
    });
    await ok('kill', 'once');
    await expectGone('once');
  });

  it('is swept when whoever was to remove it was killed', async () => {
    await kept('orphan', untilGo);
    for (const keeper of await keepers()) process.kill(keeper, 'SIGKILL');
    await waitFor(async () => (await keepers()).length === 0);
    const found = async () => {
      const { stdout } = await run(['doctor', '-o', 'json']);
      return JSON.parse(stdout).filter(({ id }: { id: string }) => id === 'orphan');
    };
    expect(await found()).toEqual([]);
    await ok('exec', 'orphan', 'touch', '/go');
    await ok('wait', 'orphan');
    expect(await found()).toMatchObject([{ kind: 'container', ownerState: 'dead' }]);
    expect(await ok('sweep', '--kind', 'container')).toMatch(/^removed 1, kept 0\n/);
    await expectGone('orphan');
  });

  it('goes on through a restart of the daemon, also when it ends meanwhile', async () => {
    await using own = await privateDaemon();
    const env = { CONTAINERD_ADDRESS: own.address, CTRD_RUNTIME_DIR: own.runtimeDir };
    const oracle = leakOracle(own, namespace);
    await importBusybox(own, namespace);
    const before = await oracle.count();
    for (const [name, script] of [
      ['meanwhile', 'sleep 1'],
      ['later', untilGo],
    ] as const) {
      const line = ['run', '-d', '--rm', '--name', name, busyboxName, 'sh', '-c', script];
      expect(await run(line, { env })).toMatchObject({ exitCode: 0, stdout: `${name}\n` });
      const pid = Number((await run(['inspect', '--format', '{{.pid}}', name], { env })).stdout);
      await own.kill();
      if (name === 'meanwhile') await waitFor(() => hasEnded(pid));
      await own.start();
      if (name === 'later') await run(['exec', name, 'touch', '/go'], { env });
      await expectGone(name, env);
    }
    await oracle.expectNothingLeft(before);
  });
});

describe('ctrd create --rm', () => {
  it.each([[['start', 'made']], [['start', '-a', 'made']]])(
    '%j removes it at its end',
    async (line) => {
      await ok('create', '--rm', '--name', 'made', busyboxName, 'true');
      // Nobody is to remove what somebody is about to start.
      expect(await ok('sweep', '--kind', 'container', '--kind', 'task')).toMatch(/^removed 0, /);
      expect(await run(line)).toMatchObject({ exitCode: 0, stderr: '' });
      await expectGone('made');
    },
  );
});

/** It has sent what it had to send, and waits. */
async function untilQuiet(pid: number): Promise<void> {
  let [before, since] = ['', performance.now()];
  await waitFor(async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const now = [fields[0], fields[11], fields[12]].join(' ');
    if (now !== before || fields[0] !== 'S') [before, since] = [now, performance.now()];
    return performance.now() - since > 3_000;
  });
}

async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' || / Z /.test(stat);
}
