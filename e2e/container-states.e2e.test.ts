import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BusyboxClient,
  busyboxClient,
  type ContainersClient,
  containersClient,
  daemon,
  leakOracle,
  namespaceOf,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
let busybox: BusyboxClient;
let rootfs: string;
let client: ContainersClient;

beforeAll(async () => {
  busybox = await busyboxClient(daemon(), namespace);
  ({ client, rootfs } = busybox);
});

afterAll(() => busybox?.[Symbol.asyncDispose]());

const args = ['sleep', '600'];
const runs = (id: string) => client.createContainer({ id, rootfs, args });

/** How a container of each state is made. */
const states = {
  unknown: async (_id: string) => {},
  created: (id: string) => client.createContainer({ id, rootfs, args, start: false }),
  running: runs,
  paused: async (id: string) => await (await runs(id)).pause(),
  /** It has ended, and its client has cleaned up after it. */
  stopped: async (id: string) => await (await runs(id)).stop({ graceMs: 0 }),
  /** It has ended while nobody watched: its task is still there. */
  ended: async (id: string) => {
    const first = await containersClient(daemon(), namespace);
    await first.createContainer({ id, rootfs, args });
    await first.close();
    await client.stopContainer(id, { graceMs: 0 });
  },
} as const;

type State = keyof typeof states;

const timeoutMs = 300;

/** Every method that takes the id of a container. */
const methods = {
  getContainer: (id: string) => client.getContainer(id),
  containerPID: (id: string) => client.containerPID(id),
  containerPIDs: (id: string) => client.containerPIDs(id),
  containerStats: (id: string) => client.containerStats(id),
  waitContainer: (id: string) => client.waitContainer(id, { timeoutMs }),
  probeContainer: (id: string) => client.probeContainer(id, { timeoutMs }),
  resizeContainer: (id: string) => client.resizeContainer(id, { width: 80, height: 24 }),
  resizeExec: (id: string) => client.resizeExec(id, { width: 80, height: 24, execId: 'none' }),
  killExec: (id: string) => client.killContainer(id, { execId: 'none' }),
  updateContainer: (id: string) => client.updateContainer(id, { labels: { a: 'b' } }),
  containerLogs: (id: string) => text(client.containerLogs(id)),
  updateResources: (id: string) => client.updateResources(id, { limits: { pids: 50 } }),
  execContainer: (id: string) => client.execContainer(id, { args: ['true'] }),
  runInContainer: (id: string) => client.runInContainer(id, { args: ['true'] }),
  createContainer: (id: string) => client.createContainer({ id, rootfs, args }),
  recoverContainer: (id: string) => client.recoverContainer(id),
  killContainer: (id: string) => client.killContainer(id),
  startContainer: (id: string) => client.startContainer(id),
  pauseContainer: (id: string) => client.pauseContainer(id),
  unpauseContainer: (id: string) => client.unpauseContainer(id),
  stopContainer: (id: string) => client.stopContainer(id, { graceMs: 0 }),
  destroyContainer: (id: string) => client.destroyContainer(id, { graceMs: 0 }),
} as const;

type Method = keyof typeof methods;

const none = 'not-found';
const state = 'failed-precondition/state';
const taken = 'already-exists';
const watched = 'already-exists/watched';
const noTask = 'not-found/no-task';
const noLog = 'failed-precondition/no-log';
const noTty = 'failed-precondition/no-terminal';

const columns = ['unknown', 'created', 'running', 'paused', 'stopped', 'ended', 'twice'] as const;
type Row = Readonly<Record<(typeof columns)[number], string>>;

/** What a method answers in each state, and two calls of it at once where one succeeds. */
const row = (...cells: readonly string[]): Row =>
  Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])) as Row;

// biome-ignore format: a table
const table: Readonly<Record<Method, Row>> = {
  //                    unknown created  running  paused  stopped ended   twice
  getContainer:     row(none, 'ok',      'ok',    'ok',    'ok',  'ok',   'ok, ok'),
  waitContainer:    row(none, 'timeout', 'timeout', 'timeout', 'ok', 'ok', 'timeout, timeout'),
  probeContainer:   row(none, 'timeout', 'timeout', 'timeout', 'ok', 'ok', 'timeout, timeout'),
  containerPID:     row(none, 'ok',      'ok',    'ok',    state, state,  'ok, ok'),
  containerPIDs:    row(none, 'ok',      'ok',    'ok',    state, state,  'ok, ok'),
  containerStats:   row(none, 'ok',      'ok',    'ok',    state, state,  'ok, ok'),
  resizeContainer:  row(none, noTty,     noTty,   noTty,   state, state,  `${noTty}, ${noTty}`),
  resizeExec:       row(none, none,      none,    none,    state, state,  `${none}, ${none}`),
  killExec:         row(none, none,      none,    none,    state, state,  `${none}, ${none}`),
  updateContainer:  row(none, 'ok',      'ok',    'ok',    'ok',  'ok',   'ok, ok'),
  containerLogs:    row(none, noLog,     noLog,   noLog,   noLog, noLog,  `${noLog}, ${noLog}`),
  updateResources:  row(none, 'ok',      'ok',    'ok',    state, state,  'ok, ok'),
  execContainer:    row(none, 'ok',      'ok',    state,   state, state,  'ok, ok'),
  runInContainer:   row(none, 'ok',      'ok',    state,   state, state,  'ok, ok'),
  createContainer:  row('ok', taken,     taken,   taken,   taken, taken,  `${taken}, ok`),
  recoverContainer: row(none, watched,   watched, watched, noTask, 'ok',  `${watched}, ok`),
  killContainer:    row(none, 'ok',      'ok',    'ok',    state, state,  'ok, ok'),
  startContainer:   row(none, 'ok',      state,   state,   'ok',  state,  `${state}, ok`),
  pauseContainer:   row(none, state,     'ok',    state,   state, state,  `${state}, ok`),
  unpauseContainer: row(none, state,     state,   'ok',    state, state,  `${state}, ok`),
  stopContainer:    row(none, 'ok',      'ok',    'ok',    'ok',  'ok',   'ok, ok'),
  destroyContainer: row(none, 'ok',      'ok',    'ok',    'ok',  'ok',   `${none}, ok`),
};

/** The state in which two calls at once are made. */
const twiceIn: Partial<Record<Method, State>> = {
  createContainer: 'unknown',
  startContainer: 'created',
  recoverContainer: 'ended',
  unpauseContainer: 'paused',
};

/** `ok`, or the error's code and reason. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    const { code, reason } = error as { code: string; reason?: string };
    return reason === undefined ? code : `${code}/${reason}`;
  }
}

async function answerOf(method: Method, column: State | 'twice'): Promise<string> {
  const id = `${column}-${method}`;
  await states[column === 'twice' ? (twiceIn[method] ?? 'running') : column](id);
  const calls = column === 'twice' ? [0, 1] : [0];
  const outcomes = await Promise.all(calls.map(() => outcome(methods[method](id))));
  expect(['ok', none]).toContain(await outcome(client.destroyContainer(id, { graceMs: 0 })));
  return outcomes.sort().join(', ');
}

describe('what every method answers', () => {
  it.each(columns)('of a container that is %s', async (column) => {
    const before = await oracle.count();
    const names = Object.keys(methods) as Method[];
    const answers = new Map<Method, string>();
    const queue = [...names];
    const worker = async () => {
      for (let method = queue.shift(); method !== undefined; method = queue.shift()) {
        answers.set(method, await answerOf(method, column));
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(Object.fromEntries(answers)).toEqual(
      Object.fromEntries(names.map((name) => [name, table[name][column]])),
    );
    await oracle.expectNothingLeft(before);
  });
});

describe('calls on one id', () => {
  it('take turns in the order in which they came', async () => {
    await runs('turns');
    const order: string[] = [];
    const mark = (name: string) => () => void order.push(name);
    await Promise.all([
      client.pauseContainer('turns').then(mark('pause')),
      client.unpauseContainer('turns').then(mark('unpause')),
      client.pauseContainer('turns').then(mark('pause again')),
      client.unpauseContainer('turns').then(mark('unpause again')),
      client.destroyContainer('turns', { graceMs: 0 }).then(mark('destroy')),
      client.pauseContainer('turns').catch(({ code }) => mark(code)()),
    ]);
    expect(order).toEqual([
      ...['pause', 'unpause', 'pause again', 'unpause again', 'destroy', 'not-found'],
    ]);
  });

  it('wait no longer than their signal, and do not hold those of other ids', async () => {
    await using slow = await client.createContainer({ id: 'slow', rootfs, args });
    await using other = await client.createContainer({ id: 'other', rootfs, args });
    // sleep as the first process of a container does not hear SIGTERM.
    const destroyed = slow.destroy({ graceMs: 2_000 });
    const waiting = slow.pause({ timeoutMs: 100 });
    await expect(waiting).rejects.toMatchObject({ code: 'lock-failed' });
    await other.pause();
    expect(await other.info()).toMatchObject({ status: 'paused' });
    expect(await destroyed).toMatchObject({ exitCode: 137 });
  });

  it('may come from a handler of the exit while another call waits for the handlers', async () => {
    const [entered, goOn] = [new AbortController(), new AbortController()];
    using _hook = client.setExitHooks(async ({ containerId }) => {
      entered.abort();
      await aborted(goOn.signal);
      expect(await client.destroyContainer(containerId)).toMatchObject({ exitCode: 0 });
    });
    const container = await client.createContainer({ id: 'handled', rootfs, args: ['true'] });
    await aborted(entered.signal);
    const outside = client.destroyContainer('handled');
    goOn.abort();
    expect(await container.wait()).toMatchObject({ exitCode: 0 });
    expect(await outside).toMatchObject({ exitCode: 0 });
    await expect(client.getContainer('handled')).rejects.toMatchObject({ code: 'not-found' });
  });
});

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
