import { create, toBinary } from '@bufbuild/protobuf';
import { TaskExitSchema } from '@ctrd/api/events';
import { EnvelopeSchema } from '@ctrd/api/types/event';
import { beforeEach, describe, expect, it } from 'vitest';
import { CtrdError } from '../../src/errors/index.js';
import { orAborted } from '../../src/kernel/cancellation.js';
import type { Rpc } from '../../src/rpc/rpc.js';
import type { DaemonEvent, EventGap, EventsOptions } from '../../src/services/event.js';
import { eventOperations } from '../../src/services/events.js';

const dropped = () => new CtrdError('dropped', { code: 'unavailable', reason: 'dropped' });
const refused = () => new CtrdError('refused', { code: 'unavailable', reason: 'refused' });

const exit = (exitStatus: number, topic = '/tasks/exit', typeUrl = 'containerd.events.TaskExit') =>
  create(EnvelopeSchema, {
    ...{ topic, namespace: 'n' },
    event: {
      typeUrl,
      value: toBinary(TaskExitSchema, create(TaskExitSchema, { containerId: 'c', exitStatus })),
    },
  });

/** What each subscription brings; an error ends it, and so does the end of the list. */
let streams: unknown[][];
/** How many calls the daemon is away for. */
let away: number;
let subscribed: { filters: string[]; waitForReady: boolean | undefined }[];

const client = {
  async *subscribe(
    { filters }: { filters: string[] },
    options: { waitForReady?: boolean; signal: AbortSignal },
  ) {
    subscribed.push({ filters, waitForReady: options.waitForReady });
    for (const item of streams.shift() ?? []) {
      if (item instanceof Error) throw item;
      if (item === 'silence') await orAborted(options.signal, new Promise(() => {}));
      yield item;
    }
  },
  async version() {
    away -= 1;
    if (away >= 0) throw refused();
    return {};
  },
};
const rpc = { namespace: 'n', client: () => client } as unknown as Rpc;

async function all(options: EventsOptions = {}): Promise<(DaemonEvent | EventGap)[]> {
  const seen: (DaemonEvent | EventGap)[] = [];
  const signal = new AbortController().signal;
  const run = eventOperations(rpc).events.run('', { ...options, signal });
  for await (const event of run as AsyncIterable<DaemonEvent | EventGap>) seen.push(event);
  return seen;
}

beforeEach(() => {
  streams = [];
  subscribed = [];
  away = 0;
});

describe('events', () => {
  it('are typed by their kind', async () => {
    streams = [[exit(3)]];
    const [event] = await all();
    expect(event?.kind === '/tasks/exit' && event.payload.exitStatus).toBe(3);
  });

  it.each([
    ['a topic of its own', exit(0, '/my/topic')],
    ['a known topic with a message of its own', exit(0, '/tasks/exit', 'my.Message')],
    ['a known topic with another’s message', exit(0, '/tasks/oom')],
    ['a topic with the name of a property', exit(0, 'constructor')],
  ])('of %s are others', async (_what, envelope) => {
    streams = [[envelope]];
    expect(await all()).toMatchObject([{ kind: 'other', topic: envelope.topic }]);
  });

  it('are of the namespace, in every one of the alternatives', async () => {
    streams = [[], [], []];
    await all();
    await all({ filters: ['a', 'b==c'] });
    await all({ allNamespaces: true, filters: ['a'] });
    expect(subscribed.map(({ filters }) => filters)).toEqual([
      ['namespace=="n"'],
      ['namespace=="n",a', 'namespace=="n",b==c'],
      ['a'],
    ]);
  });

  it('go on with a gap when the connection was lost', async () => {
    streams = [[exit(1), dropped()], [exit(9)], [exit(2)]];
    away = 1;
    const [first, gap, second] = await all();
    expect(first).toMatchObject({ kind: '/tasks/exit', payload: { exitStatus: 1 } });
    expect(gap).toMatchObject({ kind: 'gap', cause: { code: 'unavailable', reason: 'dropped' } });
    expect(second).toMatchObject({ payload: { exitStatus: 2 } });
    expect(subscribed.map(({ waitForReady }) => waitForReady)).toEqual([false, true, true]);
  });

  it('are left at a gap at once, however long nothing happens after it', async () => {
    streams = [[exit(1), dropped()], ['silence']];
    const { signal } = new AbortController();
    const run = eventOperations(rpc).events.run('', { signal });
    let last: DaemonEvent | EventGap | undefined;
    for await (const event of run as AsyncIterable<DaemonEvent | EventGap>) {
      last = event;
      if (event.kind === 'gap') break;
    }
    expect(last?.kind).toBe('gap');
  });

  it('fail when the daemon was not there at first, or the caller wants to know', async () => {
    streams = [[refused()], [exit(1), dropped()]];
    await expect(all()).rejects.toMatchObject({ code: 'unavailable', reason: 'refused' });
    await expect(all({ reconnect: false })).rejects.toMatchObject({ reason: 'dropped' });
  });
});
