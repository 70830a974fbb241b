import { setMaxListeners } from 'node:events';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Status } from '@ctrd/api/types/task';
import { CtrdError } from '@ctrd/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventSource } from '../../src/exits/event-source.js';
import type { ExitMessage } from '../../src/exits/exit-message.js';
import type { StandIn } from '../../src/exits/exit-source.js';
import { type EventDaemon, endedMs, eventDaemon } from '../support/event-daemon.js';

const init = { containerId: 'c', execId: '' };
const exec = { containerId: 'c', execId: 'e' };
const at = new Date(endedMs);
const ended = { exitedAt: timestampFromMs(endedMs) };
const running = (pid: number) => ({ pid, status: Status.RUNNING });

let daemon: EventDaemon;
let source: ReturnType<typeof createEventSource>;
let controller: AbortController;
let held: boolean;
const standIn: StandIn = {
  take: () => {
    held = true;
  },
  release: () => {
    held = false;
  },
};

beforeEach(() => {
  daemon = eventDaemon();
  source = createEventSource(daemon.rpc);
  controller = new AbortController();
  setMaxListeners(0, controller.signal);
  held = false;
});

afterEach(() => source[Symbol.dispose]());

/** Watches, and tells what has come of it so far. */
function watch(key: ExitMessage | typeof init) {
  const { containerId, execId } = key;
  const end = source.end({ containerId, execId }, { signal: controller.signal, standIn });
  const seen: { exit?: ExitMessage | undefined; settled: boolean } = { settled: false };
  end.then(
    (exit) => Object.assign(seen, { exit, settled: true }),
    () => Object.assign(seen, { settled: true }),
  );
  return { end, seen };
}

/** Waits until so many questions have been answered. */
async function looked(times: number): Promise<void> {
  await expect.poll(() => daemon.counts.looks).toBe(times);
  await new Promise((resolve) => setImmediate(resolve));
}

describe('an end that an event tells', () => {
  it('is believed of the process that was seen, without a further question', async () => {
    daemon.processes.set('c', running(7));
    const { end } = watch(init);
    await looked(1);
    daemon.exit({ containerId: 'c', id: 'c', pid: 7, exitStatus: 3, ...ended });
    expect(await end).toEqual({ ...init, exitCode: 3, exitedAt: at });
    expect(daemon.counts).toMatchObject({ subscriptions: 1, looks: 1 });
  });

  it('is believed of an exec whose start was told, and 137 of it as well', async () => {
    daemon.processes.set('c/e', { pid: 0, status: Status.CREATED });
    const { end } = watch(exec);
    await looked(1);
    daemon.execStarted({ containerId: 'c', execId: 'e', pid: 8 });
    daemon.exit({ containerId: 'c', id: 'e', pid: 8, exitStatus: 137, ...ended });
    expect(await end).toEqual({ ...exec, exitCode: 137, exitedAt: at });
    expect(daemon.counts.looks).toBe(1);
  });

  it('is told by a deletion as well, which may come first', async () => {
    daemon.processes.set('c', running(7));
    const { end } = watch(init);
    await looked(1);
    daemon.deletion({ containerId: 'c', pid: 7, exitStatus: 4, ...ended });
    daemon.exit({ containerId: 'c', id: 'c', pid: 7, exitStatus: 4, ...ended });
    expect(await end).toMatchObject({ exitCode: 4 });
  });

  it.each([
    ['of another process of its id', { id: 'c', pid: 6, exitStatus: 0 }],
    ['without a time', { id: 'c', pid: 7, exitStatus: 0, exitedAt: timestampFromMs(0) }],
    ['with the code that a daemon makes up', { id: 'c', pid: 7, exitStatus: 137 }],
  ])('is doubted when it is %s: the state decides', async (_, event) => {
    daemon.processes.set('c', running(7));
    const { end, seen } = watch(init);
    await looked(1);
    daemon.exit({ ...ended, containerId: 'c', ...event });
    await looked(2);
    expect(seen.settled).toBe(false);
    daemon.processes.set('c', { pid: 7, status: Status.STOPPED, exitStatus: 137 });
    daemon.exit({ ...ended, containerId: 'c', id: 'c', pid: 7, exitStatus: 137 });
    expect(await end).toMatchObject({ exitCode: 137 });
  });

  it('of a shim that has died is no end: nobody knows it', async () => {
    daemon.processes.set('c', running(7));
    const { end } = watch(init);
    await looked(1);
    // Until it has removed the task, the daemon has no answer from the shim.
    daemon.processes.set('c', { pid: 7, status: Status.UNKNOWN });
    daemon.exit({ ...ended, containerId: 'c', id: 'c', pid: 7, exitStatus: 137 });
    await expect.poll(() => daemon.counts.looks).toBeGreaterThan(2);
    daemon.processes.delete('c');
    expect(await end).toBeUndefined();
  });

  it('of a container makes it look at what was started in it', async () => {
    daemon.processes.set('c/e', running(8));
    const { end } = watch(exec);
    await looked(1);
    daemon.processes.delete('c/e');
    daemon.exit({ ...ended, containerId: 'c', id: 'c', pid: 7, exitStatus: 137 });
    expect(await end).toBeUndefined();
  });

  it('of a container is not that of an exec which has the container’s name', async () => {
    const namesake = { containerId: 'c', execId: 'c' };
    daemon.processes.set('c', running(7)).set('c/c', running(8));
    const [own, other] = [watch(init), watch(namesake)];
    await looked(2);
    daemon.exit({ ...ended, containerId: 'c', id: 'c', pid: 8, exitStatus: 1 });
    expect(await other.end).toMatchObject({ ...namesake, exitCode: 1 });
    expect(own.seen.settled).toBe(false);
    daemon.exit({ ...ended, containerId: 'c', id: 'c', pid: 7, exitStatus: 2 });
    expect(await own.end).toMatchObject({ ...init, exitCode: 2 });
  });
});

describe('an end that no event tells', () => {
  it('before the subscription stood is seen in the state', async () => {
    daemon.serves = false;
    const { end } = watch(init);
    await expect.poll(() => daemon.counts.subscriptions).toBeGreaterThan(1);
    expect(daemon.counts.looks).toBe(0);
    daemon.processes.set('c', { pid: 7, status: Status.STOPPED, exitStatus: 5 });
    daemon.serves = true;
    expect(await end).toEqual({ ...init, exitCode: 5, exitedAt: at });
  });

  it('while it was cut off is seen in the state, and somebody stands in meanwhile', async () => {
    daemon.processes.set('c', running(7));
    const { end } = watch(init);
    await looked(1);
    daemon.serves = false;
    daemon.cut();
    await expect.poll(() => held).toBe(true);
    daemon.processes.set('c', { pid: 7, status: Status.STOPPED, exitStatus: 6 });
    daemon.serves = true;
    expect(await end).toMatchObject({ exitCode: 6 });
  });

  it('is waited for again by what still runs, and nobody stands in any more', async () => {
    daemon.processes.set('c', running(7));
    const { end } = watch(init);
    await looked(1);
    daemon.cut();
    await looked(2);
    expect(held).toBe(false);
    daemon.exit({ ...ended, containerId: 'c', id: 'c', pid: 7, exitStatus: 9 });
    expect(await end).toMatchObject({ exitCode: 9 });
  });

  it('nobody lets go of the stand-in by an answer from before the cut', async () => {
    daemon.processes.set('c', running(7));
    let answer = () => {};
    daemon.held = new Promise((resolve) => {
      answer = resolve;
    });
    const { seen } = watch(init);
    await expect.poll(() => daemon.counts.looks).toBe(1);
    daemon.serves = false;
    daemon.cut();
    await expect.poll(() => held).toBe(true);
    answer();
    await looked(1);
    expect([held, seen.settled]).toEqual([true, false]);
  });

  it('is asked for by some at once only, when many are watched', async () => {
    const keys = Array.from({ length: 100 }, (_, n) => ({ containerId: `c${n}`, execId: '' }));
    for (const { containerId } of keys) {
      daemon.processes.set(containerId, { pid: 1, status: Status.STOPPED, exitStatus: 0 });
    }
    await Promise.all(keys.map((key) => watch(key).end));
    expect(daemon.counts).toMatchObject({ subscriptions: 1, looks: 100, looksAtOnce: 16 });
  });
});

describe('a watch', () => {
  it('ends with its signal, and leaves the others', async () => {
    daemon.processes.set('c', running(7)).set('c/e', running(8));
    const other = source.end(exec, { signal: new AbortController().signal, standIn });
    const { end } = watch(init);
    await looked(2);
    controller.abort();
    await expect(end).rejects.toMatchObject({ code: 'aborted' });
    daemon.exit({ ...ended, containerId: 'c', id: 'e', pid: 8, exitStatus: 0 });
    expect(await other).toMatchObject({ exitCode: 0 });
  });

  it('fails with what no further attempt can mend; a later one tries anew', async () => {
    daemon.processes.set('c', running(7));
    const { end } = watch(init);
    await looked(1);
    daemon.cut(new CtrdError('no', { code: 'permission-denied' }));
    await expect(end).rejects.toMatchObject({ code: 'permission-denied' });
    daemon.processes.set('c', { pid: 7, status: Status.STOPPED, exitStatus: 1 });
    expect(await watch(init).end).toMatchObject({ exitCode: 1 });
    expect(daemon.counts.subscriptions).toBe(2);
  });

  it('ends with the source', async () => {
    daemon.processes.set('c', running(7));
    const { end } = watch(init);
    await looked(1);
    source[Symbol.dispose]();
    await expect(end).rejects.toMatchObject({ code: 'aborted' });
  });
});
