import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { GetResponseSchema, WaitResponseSchema } from '@ctrd/api/services/tasks/v1';
import { Status } from '@ctrd/api/types/task';
import { CtrdError, type Failure, orAborted, type Rpc } from '@ctrd/core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ExitMessage } from '../../src/exits/exit-message.js';
import { createExitWatcher, type ExitWatcher } from '../../src/exits/exit-watcher.js';
import { createWaitSource } from '../../src/exits/wait-source.js';

const key = { containerId: 'c', execId: '' };
const at = 1_700_000_000_000;
const said = (exitCode: number): ExitMessage => ({ ...key, exitCode, exitedAt: new Date(at) });
const dropped = () => new CtrdError('dropped', { code: 'unavailable', reason: 'dropped' });
const gone = () => new CtrdError('no task', { code: 'not-found' });

const ended = (exitStatus: number, ms = at) =>
  create(WaitResponseSchema, { exitStatus, exitedAt: timestampFromMs(ms) });
const state = (status: Status, exitStatus = 0) =>
  create(GetResponseSchema, {
    process: {
      ...{ status, exitStatus },
      ...(status === Status.STOPPED ? { exitedAt: timestampFromMs(at) } : {}),
    },
  });

/** Answers of the daemon, one a call; a call without one stays open. */
let waits: unknown[];
let gets: unknown[];
let calls: string[];
let shim: { asked: number; open: number; answer?: (exit: ExitMessage | undefined) => void };
let written: ExitMessage[];
let noted: ExitMessage | undefined;
let failures: Failure[];
let watcher: ExitWatcher;
let controller: AbortController;
let journalFails: boolean;
let shimFails: boolean;

const scripted =
  (name: string, answers: () => unknown[]) =>
  (_request: unknown, { signal }: { signal: AbortSignal }) => {
    calls.push(name);
    const [answer] = answers().splice(0, 1);
    if (answer instanceof Error) return Promise.reject(answer);
    return answer === undefined
      ? orAborted(signal, new Promise(() => {}))
      : Promise.resolve(answer);
  };

beforeEach(() => {
  waits = [];
  gets = [];
  calls = [];
  shim = { asked: 0, open: 0 };
  written = [];
  noted = undefined;
  failures = [];
  journalFails = false;
  shimFails = false;
  controller = new AbortController();
  const tasks = { wait: scripted('wait', () => waits), get: scripted('get', () => gets) };
  watcher = createExitWatcher({
    source: createWaitSource({ namespace: 'n', client: () => tasks } as unknown as Rpc),
    shims: {
      async wait(_key, { signal }) {
        shim.asked += 1;
        if (shimFails) throw new CtrdError('nonsense', { code: 'data-loss' });
        shim.open += 1;
        const answer = new Promise<ExitMessage | undefined>((resolve) => {
          shim.answer = resolve;
        });
        return await orAborted(signal, answer).finally(() => {
          shim.open -= 1;
        });
      },
    },
    journal: {
      async write(exit) {
        if (journalFails) throw new Error('no space left');
        written.push(exit);
      },
      begin: async () => {},
      find: async () =>
        noted && { key, owner: undefined, since: new Date(at), pipes: undefined, exit: noted },
      forget: async () => {},
      forgetContainer: async () => [],
      list: async () => [],
    },
    report: (failure) => void failures.push(failure),
  });
});

const watch = () => watcher.watch(key, { signal: controller.signal });

describe('the watch of a process', () => {
  it('ends with the daemon’s Wait, and asks nobody else', async () => {
    waits = [ended(7)];
    expect(await watch()).toEqual(said(7));
    expect([calls, shim.asked, written]).toEqual([['wait'], 0, []]);
  });

  it('takes no status without a time for an end', async () => {
    waits = [ended(0, -62_135_596_800_000), ended(0, 0), ended(3)];
    gets = [state(Status.CREATED), state(Status.RUNNING)];
    expect(await watch()).toEqual(said(3));
  });

  it('goes on when the daemon is back, and lets go of the shim', async () => {
    waits = [dropped(), ended(5)];
    gets = [state(Status.RUNNING)];
    expect(await watch()).toEqual(said(5));
    await expect.poll(() => shim).toMatchObject({ asked: 1, open: 0 });
    expect(written).toEqual([]);
  });

  it('has the stored end of what ended while the daemon was away', async () => {
    waits = [dropped()];
    gets = [state(Status.STOPPED, 9)];
    expect(await watch()).toEqual(said(9));
    await expect.poll(() => shim.open).toBe(0);
  });

  it('ends with the shim’s word while the daemon is away, once that is in the journal', async () => {
    waits = [dropped()];
    const exit = watch();
    await expect.poll(() => shim.open).toBe(1);
    shim.answer?.(said(42));
    expect(await exit).toEqual(said(42));
    expect(written).toEqual([said(42)]);
    expect(failures).toEqual([]);
  });

  it('reports a journal that cannot be written, and tells the exit all the same', async () => {
    journalFails = true;
    waits = [dropped()];
    const exit = watch();
    await expect.poll(() => shim.open).toBe(1);
    shim.answer?.(said(42));
    expect(await exit).toEqual(said(42));
    expect(failures).toMatchObject([{ source: 'exit journal of c' }]);
  });

  it('asks the shim once more for a process that the daemon has forgotten', async () => {
    waits = [dropped()];
    gets = [gone()];
    const exit = watch();
    await expect.poll(() => calls).toEqual(['wait', 'get']);
    shim.answer?.(said(42));
    expect(await exit).toEqual(said(42));
  });

  it('finds in the journal what an earlier life has written', async () => {
    waits = [gone()];
    gets = [gone()];
    noted = said(11);
    const exit = watch();
    await expect.poll(() => shim.open).toBe(1);
    shim.answer?.(undefined);
    expect(await exit).toEqual(said(11));
  });

  it('is lost, with 255 and a reason, when nobody knows', async () => {
    waits = [new CtrdError('ttrpc: closed', { code: 'unavailable', reason: 'shim' })];
    gets = [gone()];
    const exit = watch();
    await expect.poll(() => shim.open).toBe(1);
    shim.answer?.(undefined);
    expect(await exit).toMatchObject({ ...key, exitCode: 255, lost: expect.any(String) });
  });

  it('reports a shim that says what cannot be understood, and is lost', async () => {
    shimFails = true;
    waits = [dropped()];
    gets = [gone()];
    expect(await watch()).toMatchObject({ exitCode: 255, lost: expect.any(String) });
    expect(failures).toMatchObject([{ source: 'shim of c', error: { code: 'data-loss' } }]);
  });

  it('waits for a shim that does not answer for a second only', async () => {
    waits = [dropped()];
    gets = [gone()];
    expect(await watch()).toMatchObject({ exitCode: 255, lost: expect.any(String) });
    await expect.poll(() => shim.open).toBe(0);
  });

  it('ends with its signal, and everything with it', async () => {
    waits = [dropped()];
    const exit = watch();
    await expect.poll(() => shim.open).toBe(1);
    controller.abort();
    await expect(exit).rejects.toMatchObject({ code: 'aborted' });
    await expect.poll(() => shim.open).toBe(0);
  });

  it('fails with what no further attempt can mend', async () => {
    waits = [new CtrdError('no', { code: 'permission-denied' })];
    await expect(watch()).rejects.toMatchObject({ code: 'permission-denied' });
  });
});
