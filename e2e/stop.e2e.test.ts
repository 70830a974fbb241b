import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BusyboxClient,
  busyboxClient,
  containersClient,
  daemon,
  leakOracle,
  namespaceOf,
  type Remains,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
let busybox: BusyboxClient;
let before: Remains;

beforeAll(async () => {
  busybox = await busyboxClient(daemon(), namespace);
  before = await oracle.count();
});

afterAll(async () => {
  await oracle.expectNothingLeft(before);
  await busybox[Symbol.asyncDispose]();
});

/** Says what it hears; ends by itself on USR1 alone. */
const deaf = [
  'sh',
  '-c',
  'trap "echo TERM" TERM; trap "exit 3" USR1; echo ready; while :; do sleep 0.05; done',
];

async function startDeaf(id: string, options: object = {}) {
  const container = await busybox.create(id, deaf, { stdio: 'pipe', ...options });
  await once(container.stdout, 'data');
  return container;
}

describe('stopping', () => {
  it('ends a process that ignores the stop signal with SIGKILL after the grace', async () => {
    await using container = await startDeaf('deaf');
    const heard = once(container.stdout, 'data');
    const began = performance.now();
    const exit = await container.stop({ graceMs: 500 });
    expect(exit).toMatchObject({ exitCode: 137 });
    expect(exit.oomKilled).toBeUndefined();
    expect(performance.now() - began).toBeGreaterThanOrEqual(500);
    expect(String((await heard)[0])).toBe('TERM\n');
  });

  it('is immediate with a grace of 0', async () => {
    await using container = await startDeaf('at-once');
    const lines: string[] = [];
    container.stdout.on('data', (chunk) => lines.push(String(chunk)));
    const exit = await container.stop({ graceMs: 0 });
    expect(exit.exitCode).toBe(137);
    // The stop signal was not even sent.
    expect(lines).toEqual([]);
  });

  it('waits no longer than the process takes', async () => {
    await using container = await startDeaf('hears');
    expect(await container.stop({ stopSignal: 'SIGUSR1', graceMs: 30_000 })).toMatchObject({
      exitCode: 3,
    });
  });

  it("sends the container's own stop signal", async () => {
    await using container = await startDeaf('own-signal', { stopSignal: 'SIGUSR1' });
    expect(await container.stop({ graceMs: 30_000 })).toMatchObject({ exitCode: 3 });
  });

  it('ends every process of the container', async () => {
    await using container = await startDeaf('tree');
    const child = await container.exec({ args: ['sleep', '600'] });
    await container.stop({ graceMs: 0 });
    expect(await child.wait()).toMatchObject({ exitCode: 137 });
  });

  it('ends a paused process', async () => {
    await using container = await startDeaf('paused');
    await container.pause();
    expect(await container.stop({ graceMs: 100 })).toMatchObject({ exitCode: 137 });
  });

  it('answers the stored exit of a container that has ended, also to other clients', async () => {
    await using container = await busybox.create('ended', ['sh', '-c', 'exit 9']);
    const exit = await container.wait();
    expect(exit.exitCode).toBe(9);
    expect(await container.stop()).toEqual(exit);
    await using other = await containersClient(daemon(), namespace);
    expect(await other.stopContainer('ended')).toEqual(exit);
    expect(await other.waitContainer('ended')).toEqual(exit);
    expect((await other.getContainer('ended')).exit).toEqual(exit);
    expect(await other.destroyContainer('ended')).toEqual(exit);
  });

  it('is refused for a grace that is none, with nothing sent', async () => {
    await using container = await startDeaf('grace');
    for (const graceMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(container.stop({ graceMs })).rejects.toMatchObject({
        code: 'invalid-argument',
        field: 'graceMs',
      });
    }
    expect((await container.info()).status).toBe('running');
  });

  it('can be given up, and the process goes on', async () => {
    await using container = await startDeaf('given-up');
    await expect(container.stop({ graceMs: 60_000, timeoutMs: 200 })).rejects.toMatchObject({
      code: 'timeout',
    });
    expect((await container.info()).status).toBe('running');
  });
});

describe('limits', () => {
  /** Takes memory until it may have no more. */
  const hungry = 'tail /dev/zero';

  it('of memory end what takes more, and the exit says so, now and later', async () => {
    const exits: unknown[] = [];
    const { client } = busybox;
    // While handlers run, the task is there, and knows nothing of memory.
    using _hook = client.setExitHooks(async (exit) => {
      exits.push(exit, (await client.getContainer('hungry')).exit);
    });
    await using container = await busybox.create('hungry', ['sh', '-c', `exec ${hungry}`], {
      limits: { memory: 16 << 20 },
    });
    const exit = await container.wait();
    expect(exit).toMatchObject({ exitCode: 137, oomKilled: true });
    expect(exits).toEqual([exit, exit]);
    await using other = await containersClient(daemon(), namespace);
    expect(await other.waitContainer('hungry')).toEqual(exit);
  });

  it('of memory are told of a child that took too much as well', async () => {
    await using container = await busybox.create('child', ['sh', '-c', `${hungry}; exit 4`], {
      limits: { memory: 16 << 20 },
    });
    expect(await container.wait()).toMatchObject({ exitCode: 4, oomKilled: true });
  });

  it('of processes stop a fork bomb, which stops nothing else', async () => {
    await using bomb = await busybox.create(
      'bomb',
      ['sh', '-c', 'b() { b | b & }; b & exec sleep 600'],
      {
        limits: { pids: 20, memory: 64 << 20 },
        stdio: { stderr: 'pipe' },
      },
    );
    let said = '';
    bomb.stderr.on('data', (chunk) => {
      said += chunk;
    });
    await waitFor(() => said.includes("can't fork"));
    const stats = await bomb.stats();
    expect(stats.pids.limit).toBe(20n);
    expect(stats.pids.current).toBeLessThanOrEqual(20n);
    await using other = await busybox.create('bystander', ['true']);
    expect(await other.wait()).toMatchObject({ exitCode: 0 });
    expect(await bomb.stop({ graceMs: 0 })).toMatchObject({ exitCode: 137 });
  });
});
