import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { container as globalContainer } from 'tsyringe';
import { describe, expect, it } from 'vitest';
import { bind } from '../../src/di/binding.js';
import { type Token, token } from '../../src/di/token.js';
import { ctrd } from '../../src/kernel/builder.js';
import type { ClientBase } from '../../src/kernel/client.js';
import { moment } from '../../src/kernel/moment.js';
import { onOptions } from '../../src/kernel/operation.js';
import { definePlugin } from '../../src/kernel/plugin.js';
import { Report } from '../../src/kernel/report.js';
import { Transport } from '../../src/rpc/transport.js';
import { withoutDaemon } from '../support/client.js';

interface Part {
  readonly by: string;
}
const Part: Token<Part, 'Part'> = token('Part', { from: 'parts()' });

const provider = (name = 'provider') =>
  definePlugin({ name, provides: [bind(Part, () => ({ by: name }))] });
const consumer = () =>
  definePlugin({
    name: 'consumer',
    requires: [Part],
    setup: (context) => ({ operations: { part: onOptions(async () => context.get(Part).by) } }),
  });
const connect = (builder: unknown) => (builder as { connect(): Promise<unknown> }).connect();

describe('a composition', () => {
  it('has the parts of plugins, in any order of use', async () => {
    await using client = await withoutDaemon().use(consumer()).use(provider()).connect();
    expect(await client.part()).toBe('provider');
  });

  it('has the host’s part instead of a plugin’s', async () => {
    await using client = await withoutDaemon()
      .use(provider())
      .use(consumer())
      .provide(Part, { by: 'host' })
      .connect();
    expect(await client.part()).toBe('host');
    expect(client.describe().parts).toContainEqual({ token: 'Part', providedBy: 'host' });
  });

  it('can be the base of several clients', async () => {
    const base = withoutDaemon().use(consumer());
    await using one = await base.provide(Part, { by: 'one' }).connect();
    await using two = await base.provideBy(Part, () => ({ by: 'two' })).connect();
    expect([await one.part(), await two.part()]).toEqual(['one', 'two']);
  });

  it.each([
    ['a missing part', () => withoutDaemon().use(consumer()), /consumer needs Part: add parts\(\)/],
    [
      'a plugin twice',
      () =>
        withoutDaemon()
          .use(provider())
          .use(provider() as never),
      /provider is used twice/,
    ],
    [
      'a part twice',
      () =>
        withoutDaemon()
          .use(provider('a'))
          .use(provider('b') as never),
      /plugins a and b both provide Part/,
    ],
    ['no plugin at all', () => withoutDaemon().use({} as never), /use\(\) takes a plugin/],
    [
      'a method twice',
      () =>
        withoutDaemon().use(
          definePlugin({
            name: 'other',
            setup: () => ({ operations: { version: onOptions(async () => 1) } }),
          }) as never,
        ),
      /core and the plugin other both have version/,
    ],
    [
      'middleware of nothing',
      () => withoutDaemon().middleware('fly' as never, (async () => 1) as never),
      /middleware of host wraps fly/,
    ],
    ['a part without a token', () => withoutDaemon().provide('Part' as never, 1), /takes a token/],
    [
      'a part that nothing makes',
      () => withoutDaemon().provideBy(Part, { by: 'x' } as never),
      /takes a function that makes Part/,
    ],
    [
      'middleware that is none',
      () => withoutDaemon().middleware('version', 'x' as never),
      /middleware of version must be a function/,
    ],
    [
      'an interceptor that is none',
      () => withoutDaemon().intercept(undefined as never),
      /intercept\(\) takes an object/,
    ],
    [
      'a handler that is none',
      () => withoutDaemon().on(moment('ended'), 'x' as never),
      /handler of ended must be a function/,
    ],
  ])('is refused at connect() for %s', async (_what, make, message) => {
    await expect(connect(make())).rejects.toThrow(message);
  });

  it.each([
    [{ namespace: 'a/b' }, 'namespace'],
    [{ namespace: '../x' }, 'namespace'],
    [{ address: 'relative.sock' }, 'address'],
    [{ snapshotter: '' }, 'snapshotter'],
    [{ runtimeDir: 'relative' }, 'runtimeDir'],
    [{ connectTimeoutMs: -1 }, 'connectTimeoutMs'],
  ])('is refused at once for the options %j', (options, field) => {
    expect(() => ctrd(options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field }),
    );
  });

  it('prints what it is made of', async () => {
    await using client = await withoutDaemon().use(consumer()).use(provider()).connect();
    const text = String(client.describe());
    expect(text).toContain('  consumer\n    requires Part\n    methods part');
    expect(text).toContain('  Part by provider');
  });

  it('prints middleware, handlers and interceptors in their order, each with who brought it', async () => {
    const ended = moment<number>('ended');
    const named = (name: string) =>
      definePlugin({
        name,
        middleware: { part: async (_call, next) => await next() },
        interceptors: [{ unary: (call, next) => next(call) }],
        setup: (context) => {
          context.hooks.on(ended, () => {});
          return {};
        },
      });
    await using client = await withoutDaemon()
      .use(consumer())
      .use(named('first'))
      .use(named('second'))
      .use(provider())
      .on(ended, () => {})
      .middleware('part', async (_call, next) => await next())
      .intercept({ unary: (call, next) => next(call) })
      .connect();
    const description = client.describe();
    expect(description.handlers).toEqual({ ended: ['first', 'second', 'host'] });
    expect(description.middleware).toEqual({ part: ['host', 'first', 'second'] });
    expect(description.interceptors).toEqual(['host', 'core', 'first', 'second']);
    expect(String(description)).toContain('  ended: first → second → host');
    expect(await client.part()).toBe('provider');
  });

  it('has the parts that the host has registered in its own container', async () => {
    const container = globalContainer.createChildContainer();
    const builder = () => withoutDaemon({ container }).use(consumer());
    await expect(connect(builder())).rejects.toThrow(/consumer needs Part/);
    container.registerInstance(Part.key, { by: 'container' });
    const client = (await connect(builder())) as ClientBase & { part(): Promise<string> };
    expect(await client.part()).toBe('container');
    expect(client.describe().parts).toContainEqual({ token: 'Part', providedBy: 'host' });
    await client.close();
    // Nothing of the client is left in it, and what is the host's is not disposed.
    expect(container.resolve(Part.key)).toEqual({ by: 'container' });
    expect(container.isRegistered(Transport.key)).toBe(false);
  });
});

describe('the life of a client', () => {
  const stage = (
    name: string,
    log: string[],
    options: { fails?: 'start' | 'stop'; startMs?: number } = {},
  ) =>
    definePlugin({
      name,
      setup: () => ({
        start: async () => {
          log.push(`start ${name}`);
          if (options.startMs !== undefined) await delay(options.startMs);
          if (options.fails === 'start') throw new Error(`${name} cannot start`);
        },
        stop: async () => {
          log.push(`stop ${name}`);
          if (options.fails === 'stop') throw new Error(`${name} cannot stop`);
        },
      }),
    });

  it('starts plugins in order and stops them in reverse', async () => {
    const log: string[] = [];
    const client = await withoutDaemon().use(stage('a', log)).use(stage('b', log)).connect();
    await client.close();
    expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stops what had started when a start fails', async () => {
    const log: string[] = [];
    const builder = withoutDaemon()
      .use(stage('a', log))
      .use(stage('b', log, { fails: 'start' }))
      .use(stage('c', log));
    await expect(builder.connect()).rejects.toThrow('b cannot start');
    expect(log).toEqual(['start a', 'start b', 'stop a']);
  });

  it('reports what could not be stopped when a start fails', async () => {
    const reported: string[] = [];
    const builder = withoutDaemon()
      .provide(Report, ({ error }) => void reported.push(error.message))
      .use(stage('a', [], { fails: 'stop' }))
      .use(stage('b', [], { fails: 'start' }));
    await expect(builder.connect()).rejects.toThrow('b cannot start');
    expect(reported).toEqual(['stop a: a cannot stop']);
  });

  it('ends what plugins have begun in their setup when a start fails', async () => {
    let closing: AbortSignal | undefined;
    const watcher = definePlugin({
      name: 'watcher',
      setup(context) {
        closing = context.closing;
        return {};
      },
    });
    const builder = withoutDaemon()
      .use(watcher)
      .use(stage('b', [], { fails: 'start' }));
    await expect(builder.connect()).rejects.toThrow('b cannot start');
    expect(closing?.aborted).toBe(true);
  });

  it('stops all when one closes the client while a later one starts', async () => {
    const log: string[] = [];
    const closer = definePlugin({
      name: 'closer',
      setup: (context) => ({
        start() {
          setImmediate(() => void context.client<ClientBase>().close());
        },
      }),
    });
    const builder = withoutDaemon()
      .use(closer)
      .use(stage('a', log, { startMs: 20 }));
    await expect(builder.connect()).rejects.toMatchObject({ code: 'aborted', reason: 'closed' });
    expect(log).toEqual(['start a', 'stop a']);
  });

  it('stops all the others when one cannot be stopped, and says so', async () => {
    const log: string[] = [];
    const client = await withoutDaemon()
      .use(stage('a', log))
      .use(stage('b', log, { fails: 'stop' }))
      .connect();
    await expect(client.close()).rejects.toThrow('b cannot stop');
    expect(log.slice(2)).toEqual(['stop b', 'stop a']);
  });

  it('takes calls while plugins stop', async () => {
    let answer: unknown;
    const last = definePlugin({
      name: 'last',
      setup: (context) => ({
        stop: async () => {
          answer = await context.client<{ part(): Promise<string> }>().part();
        },
      }),
    });
    const client = await withoutDaemon().use(provider()).use(consumer()).use(last).connect();
    await client.close();
    expect(answer).toBe('provider');
  });

  it('says within the time that there is no daemon', async () => {
    await expect(ctrd({ address: '/nowhere/x.sock' }).connect()).rejects.toMatchObject({
      code: 'unavailable',
      reason: 'missing',
      subject: '/nowhere/x.sock',
      message: expect.stringContaining('containerd'),
    });
  });
});
