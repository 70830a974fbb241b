import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Container, ExitMessage } from '@ctrd/containers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BusyboxClient,
  busyboxClient,
  type ContainersClient,
  containersClient,
  daemon,
  leakOracle,
  namespaceOf,
  type Remains,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
/** Raise it for a long run. */
const commands = Number(process.env['CTRD_EXEC_COMMANDS'] ?? 200);
const atOnce = 32;

let busybox: BusyboxClient;
let client: ContainersClient;
let box: Container;
let before: Remains;
let hooked: ExitMessage[];

beforeAll(async () => {
  busybox = await busyboxClient(daemon(), namespace);
  client = busybox.client;
  before = await oracle.count();
  box = await busybox.create('box', ['sleep', '3600'], {
    env: { WHERE: 'container', KEPT: 'yes' },
    cwd: '/tmp',
  });
  client.setExecExitHooks((exit) => void hooked.push(exit));
  hooked = [];
});

afterAll(async () => {
  await box.destroy({ graceMs: 0 });
  await oracle.expectNothingLeft(before);
  await busybox[Symbol.asyncDispose]();
});

const sh = (script: string) => ['sh', '-c', script];

/** The pipes of processes in containers that this program has open. */
async function openPipes(): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  const root = join(daemon().runtimeDir, 'fifo');
  return (await Promise.all(paths)).filter((path) => path.startsWith(`${root}/`));
}

/** The hooks' word on one process; there must be exactly one. */
function told(execId: string): ExitMessage | undefined {
  const all = hooked.filter((exit) => exit.execId === execId);
  expect(all.length).toBeLessThanOrEqual(1);
  return all[0];
}

describe('a command', () => {
  it('gives its output, both streams apart, and its exit code', async () => {
    const result = await box.run({ args: sh('echo out; echo err >&2; exit 7') });
    expect(result).toMatchObject({ containerId: 'box', exitCode: 7, truncated: false });
    expect(result.stdout.toString()).toBe('out\n');
    expect(result.stderr.toString()).toBe('err\n');
    expect(told(result.execId)).toMatchObject({ exitCode: 7 });
  });

  it("has the container's environment and folder, under what is given", async () => {
    const { stdout } = await box.run({
      args: sh('echo $WHERE $KEPT $(pwd)'),
      env: { WHERE: 'exec' },
    });
    expect(stdout.toString()).toBe('exec yes /tmp\n');
    const elsewhere = await box.run({ args: ['pwd'], cwd: '/' });
    expect(elsewhere.stdout.toString()).toBe('/\n');
  });

  it('runs as a user by name or number', async () => {
    const ids = async (user: string) =>
      (await box.run({ args: sh('echo $(id -u) $(id -G)'), user })).stdout.toString();
    expect(await ids('1234:5678')).toBe('1234 5678\n');
    expect(await ids('app')).toBe('1000 1000 29 44 2000\n');
    await expect(box.run({ args: ['true'], user: 'nobody-knows' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('reads what it is given, byte for byte, and its end', async () => {
    const input = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
    const { stdout, exitCode } = await box.run({ args: ['cat'], input });
    expect(exitCode).toBe(0);
    expect(stdout.equals(input)).toBe(true);
  });

  it('has its output kept up to the limit, and runs to its end', async () => {
    const result = await box.run({
      args: sh('head -c 300000 /dev/zero; echo e >&2; exit 5'),
      maxOutputBytes: 1000,
    });
    expect(result).toMatchObject({ exitCode: 5, truncated: true });
    expect(result.stdout).toHaveLength(1000);
    expect(result.stderr.toString()).toBe('e\n');
    const exactly = await box.run({ args: ['echo', '123'], maxOutputBytes: 4 });
    expect(exactly).toMatchObject({ truncated: false });
    const none = await box.run({ args: ['echo'], maxOutputBytes: 0 });
    expect(none).toMatchObject({ truncated: true, exitCode: 0 });
  });

  it('has a terminal of a size, which changes', async () => {
    const process = await box.exec({
      args: sh(
        'stty size; trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05; done',
      ),
      tty: { width: 101, height: 33 },
      stdio: 'pipe',
    });
    let output = '';
    process.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await waitFor(() => output.includes('ready'));
    expect(output).toMatch(/^33 101\r\n/);
    await process.resize({ width: 77, height: 22 });
    expect(await process.wait()).toMatchObject({ exitCode: 0 });
    expect(output).toContain('22 77\r\n');
    expect(await text(process.stderr)).toBe('');
  });

  it('goes on without the client that started it', async () => {
    const first = await containersClient(daemon(), namespace);
    const { pid } = await first.execContainer('box', {
      args: sh('sleep 0.5; touch /tmp/detached'),
      execId: 'left-behind',
    });
    expect(pid).toBeGreaterThan(0);
    await first.close();
    await waitFor(async () => (await box.run({ args: ['ls', '/tmp/detached'] })).exitCode === 0);
    // Nobody is there to clean up after it but who destroys the container.
    await box.run({ args: ['rm', '/tmp/detached'] });
  });

  it('in a container of another client holds no pipe of a client that is closed', async () => {
    const first = await containersClient(daemon(), namespace);
    const execId = 'with-pipes';
    await first.execContainer('box', { args: ['sleep', '3600'], execId, stdio: 'pipe' });
    expect((await openPipes()).length).toBeGreaterThanOrEqual(3);
    await first.close();
    await waitFor(async () => (await openPipes()).length === 0);
    // It goes on; nobody is told of its end.
    await client.killContainer('box', { execId, kill: 'SIGKILL' });
  });

  it('is seen in the list of processes', async () => {
    const process = await box.exec({ args: ['sleep', '60'], execId: 'listed' });
    expect(await client.containerPIDs('box')).toContainEqual({
      pid: process.pid,
      execId: 'listed',
    });
    await process.kill({ kill: 'SIGKILL' });
    expect(await process.wait()).toMatchObject({ exitCode: 137 });
    expect(told('listed')).toMatchObject({ exitCode: 137 });
    await expect(process.kill()).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a command that goes wrong', () => {
  it('is ended with SIGKILL when its time is up: a timeout, with the true exit', async () => {
    const process = await box.exec({
      args: sh('trap "" TERM; while :; do sleep 0.1; done'),
      execId: 'too-long',
      killAfterMs: 300,
    });
    const failure = await process.wait().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'timeout', reason: 'killed' });
    const exit = (failure as Error).cause as ExitMessage;
    expect(exit).toMatchObject({ execId: 'too-long', exitCode: 137 });
    expect(told('too-long')).toEqual(exit);
  });

  it('that ended in time is no timeout, however long one waits for it', async () => {
    const process = await box.exec({ args: ['true'], killAfterMs: 60_000 });
    expect(await process.wait()).toMatchObject({ exitCode: 0 });
  });

  it('leaves nothing when it cannot start, and its handlers are told once', async () => {
    const started = await oracle.count();
    for (const [args, reason] of [
      [['no-such-program'], 'command-not-found'],
      [['/no/such/program'], 'command-not-found'],
      [['/etc/passwd'], 'command-not-executable'],
    ] as const) {
      const execId = `failing-${args[0].replaceAll('/', '')}`;
      await expect(
        client.execContainer('box', { args, execId, stdio: 'pipe' }),
      ).rejects.toMatchObject({
        code: 'failed-precondition',
        reason,
      });
      expect(told(execId)).toMatchObject({ exitCode: 255, lost: expect.stringContaining('start') });
      // The id is free again.
      expect(
        await client.runInContainer('box', { args: ['true'], execId: `${execId}-2` }),
      ).toMatchObject({ exitCode: 0 });
    }
    await oracle.expectNothingLeft(started);
  });

  it('is ended when the caller of run gives up', async () => {
    const caller = new AbortController();
    const gone = box.run({
      ...{ args: ['sleep', '600'], execId: 'given-up', signal: caller.signal },
    });
    await waitFor(async () =>
      (await client.containerPIDs('box')).some(({ execId }) => execId === 'given-up'),
    );
    caller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'aborted' });
    expect(told('given-up')).toMatchObject({ exitCode: 137 });
  });

  it('of a taken id is refused, and the other goes on', async () => {
    const process = await box.exec({ args: ['cat'], execId: 'taken', stdio: 'pipe' });
    await expect(box.exec({ args: ['true'], execId: 'taken' })).rejects.toMatchObject({
      code: 'already-exists',
    });
    process.stdin.end('still here');
    expect(await text(process.stdout)).toBe('still here');
    expect(await process.wait()).toMatchObject({ exitCode: 0 });
    expect(told('taken')).toMatchObject({ exitCode: 0 });
  });

  it('of a container that is destroyed has its handlers told before the container is gone', async () => {
    const container = await busybox.create('destroyed', ['sleep', '600']);
    const children = await Promise.all(
      [1, 2, 3].map((index) =>
        container.exec({ args: ['sleep', '600'], execId: `child-${index}`, stdio: 'pipe' }),
      ),
    );
    await container.destroy({ graceMs: 0 });
    for (const child of children) {
      expect(told(child.execId)).toMatchObject({ containerId: 'destroyed', exitCode: 137 });
      expect(await child.wait()).toMatchObject({ exitCode: 137 });
    }
  });
});

describe('many short commands', () => {
  it(`give each its own code and output: ${commands}, ${atOnce} at once`, {
    timeout: 600_000,
  }, async () => {
    const started = await oracle.count();
    hooked = [];
    const ids: string[] = [];
    let next = 0;
    const worker = async () => {
      while (next < commands) {
        const index = next++;
        const { exitCode, stdout, execId } = await box.run({
          args: sh(`echo ${index}; exit ${index % 256}`),
        });
        expect([exitCode, stdout.toString()]).toEqual([index % 256, `${index}\n`]);
        ids.push(execId);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    expect(hooked.filter(({ execId }) => !ids.includes(execId))).toEqual([]);
    expect(hooked.map(({ execId }) => execId).sort()).toEqual(ids.sort());
    await oracle.expectNothingLeft(started);
  });
});
