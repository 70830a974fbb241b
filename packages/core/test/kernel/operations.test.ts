import { Health } from '@ctrd/api/grpc/health/v1';
import { describe, expect, it } from 'vitest';
import type { OperationCall } from '../../src/kernel/middleware.js';
import {
  type CallControl,
  onOptions,
  onSubject,
  type Running,
  sequence,
} from '../../src/kernel/operation.js';
import { definePlugin } from '../../src/kernel/plugin.js';
import { Rpc } from '../../src/rpc/rpc.js';
import { withoutDaemon } from '../support/client.js';

type Echo = CallControl & { readonly word?: string | undefined };

const log: string[] = [];

const echo = () =>
  definePlugin({
    name: 'echo',
    setup: () => ({
      operations: {
        say: onSubject(async (id, { word = 'nothing' }: Running<Echo>) => `${id}: ${word}`),
        shout: onOptions(
          async ({ word }: Running<CallControl & { readonly word: string }>) => word.toUpperCase(),
          ({ word }) => word,
        ),
        hang: onSubject(async (_id, { signal }: Running<CallControl>) => {
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        }),
        fail: onSubject(async () => {
          throw new TypeError('a bug');
        }),
        count: sequence(async function* ({ to, signal }: Running<CallControl & { to: number }>) {
          try {
            for (let number = 0; number < to; number += 1) {
              signal.throwIfAborted();
              yield number;
            }
          } finally {
            log.push('over');
          }
        }),
        watch: sequence(async function* ({ signal }: Running<CallControl>) {
          try {
            await new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason));
            });
          } finally {
            log.push('over');
          }
        }),
      },
    }),
  });

describe('an operation', () => {
  it('is a method of the client', async () => {
    await using client = await withoutDaemon().use(echo()).connect();
    expect(await client.say('a')).toBe('a: nothing');
    expect(await client.say('a', { word: 'hi' })).toBe('a: hi');
    expect(await client.shout({ word: 'hi' })).toBe('HI');
  });

  it('fails with its name and subject', async () => {
    await using client = await withoutDaemon().use(echo()).connect();
    await expect(client.fail('x')).rejects.toMatchObject({
      code: 'unknown',
      operation: 'fail',
      subject: 'x',
      cause: expect.any(TypeError),
    });
  });

  it('ends with its signal and with its time', async () => {
    await using client = await withoutDaemon().use(echo()).connect();
    const controller = new AbortController();
    const hanging = client.hang('x', { signal: controller.signal });
    controller.abort(new Error('because'));
    await expect(hanging).rejects.toMatchObject({
      code: 'aborted',
      operation: 'hang',
      cause: expect.objectContaining({ message: 'because' }),
    });
    await expect(client.hang('x', { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
    await expect(client.hang('x', { timeoutMs: 0 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('refuses arguments that cannot be, before anything runs', async () => {
    await using client = await withoutDaemon().use(echo()).connect();
    const field = (name: string) => ({ code: 'invalid-argument', field: name });
    await expect(client.say(7 as never)).rejects.toMatchObject(field('subject'));
    await expect(client.say('a', 'b' as never)).rejects.toMatchObject(field('options'));
    await expect(client.say('a', { timeoutMs: -1 })).rejects.toMatchObject(field('timeoutMs'));
    await expect(client.say('a', { signal: {} as never })).rejects.toMatchObject(field('signal'));
  });

  it('is over for a caller who closes the client, and not taken any more', async () => {
    const client = await withoutDaemon().use(echo()).connect();
    const hanging = client.hang('x');
    const seen = expect(hanging).rejects.toMatchObject({ code: 'aborted', reason: 'closed' });
    await client.close();
    await seen;
    await expect(client.say('a')).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'closed',
    });
    await client.close();
  });
});

describe('closing', () => {
  /** A call that runs until it is told, and undoes what it did when it is aborted. */
  const slow = () => {
    const done: string[] = [];
    let finish = () => {};
    const plugin = definePlugin({
      name: 'slow',
      setup: (context) => ({
        operations: {
          work: onOptions(async ({ signal }: Running<CallControl>) => {
            await new Promise<void>((resolve, reject) => {
              finish = resolve;
              signal.addEventListener('abort', () => reject(signal.reason), { once: true });
            }).catch(async (error: unknown) => {
              // An undo needs the daemon, and finds it there.
              await context.get(Rpc).client(Health).check({});
              done.push('undone');
              throw error;
            });
            done.push('done');
          }),
        },
      }),
    });
    return { plugin, done, finish: () => finish() };
  };

  it('waits for running calls as long as it was told to', async () => {
    const { plugin, done, finish } = slow();
    const client = await withoutDaemon().use(plugin).connect();
    const working = client.work();
    await Promise.resolve();
    const closing = client.close({ timeoutMs: 60_000 });
    finish();
    await Promise.all([working, closing]);
    expect(done).toEqual(['done']);
  });

  it('aborts what runs still, and ends when that is undone', async () => {
    const { plugin, done } = slow();
    const client = await withoutDaemon().use(plugin).connect();
    const working = expect(client.work()).rejects.toMatchObject({ code: 'aborted' });
    await Promise.resolve();
    await client.close({ timeoutMs: 1 });
    expect(done).toEqual(['undone']);
    await working;
  });

  it('refuses a time that no timer keeps', async () => {
    await using client = await withoutDaemon().connect();
    await expect(client.close({ timeoutMs: 2 ** 31 })).rejects.toMatchObject({
      code: 'invalid-argument',
      field: 'timeoutMs',
    });
  });
});

describe('a sequence', () => {
  it('runs while it is iterated, and is cleaned up when the loop is left', async () => {
    await using client = await withoutDaemon().use(echo()).connect();
    log.length = 0;
    const numbers = client.count({ to: 1000 });
    expect(log).toEqual([]);
    for await (const number of numbers) if (number === 2) break;
    expect(log).toEqual(['over']);
  });

  it('lets a reader go who leaves while waiting', async () => {
    await using client = await withoutDaemon().use(echo()).connect();
    log.length = 0;
    const items = client.watch()[Symbol.asyncIterator]();
    const waiting = items.next();
    expect(await items.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect(log).toEqual(['over']);
  });

  it('fails with its name when its signal ends', async () => {
    await using client = await withoutDaemon().use(echo()).connect();
    const iterate = async () => {
      for await (const _ of client.count({ to: 3, signal: AbortSignal.abort() }));
    };
    await expect(iterate()).rejects.toMatchObject({ code: 'aborted', operation: 'count' });
  });
});

describe('middleware', () => {
  it('wraps in the order in which it was added, the host’s outside of plugins’', async () => {
    const order: string[] = [];
    const step = (name: string) => async (call: OperationCall, next: () => Promise<unknown>) => {
      order.push(`>${name} ${call.name} ${call.subject}`);
      const result = await next();
      order.push(`<${name}`);
      return result;
    };
    const tracing = definePlugin({ name: 'tracing', middleware: { say: step('plugin') } });
    await using client = await withoutDaemon()
      .use(tracing)
      .use(echo())
      .middleware('say', step('one') as never)
      .middleware('say', step('two') as never)
      .connect();
    await client.say('a');
    expect(order).toEqual([
      ...['>one say a', '>two say a', '>plugin say a'],
      ...['<plugin', '<two', '<one'],
    ]);
    expect(client.describe().middleware).toEqual({ say: ['host', 'host', 'tracing'] });
  });

  it('may change arguments and results, or not go on at all', async () => {
    await using client = await withoutDaemon()
      .use(echo())
      .middleware('say', async (call, next) => `${await next([call.subject, { word: 'other' }])}!`)
      .middleware('shout', async () => 'no')
      .connect();
    expect(await client.say('a', { word: 'hi' })).toBe('a: other!');
    expect(await client.shout({ word: 'hi' })).toBe('no');
  });

  it('may go on once', async () => {
    await using client = await withoutDaemon()
      .use(echo())
      .middleware('say', async (_call, next) => {
        await next();
        return await next();
      })
      .connect();
    await expect(client.say('a')).rejects.toMatchObject({ reason: 'next-twice' });
  });
});
