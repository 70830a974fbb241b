import { describe, expectTypeOf, it } from 'vitest';
import { bind } from '../../src/di/binding.js';
import { type Token, token } from '../../src/di/token.js';
import { ctrd } from '../../src/kernel/builder.js';
import {
  type CallControl,
  onOptions,
  onSubject,
  type Running,
  sequence,
} from '../../src/kernel/operation.js';
import { definePlugin } from '../../src/kernel/plugin.js';

// Nothing here runs: that it compiles, and that the marked lines do not, is the test.

interface Store {
  read(): string;
}
const Store: Token<Store, 'Store'> = token('Store');

const reader = () =>
  definePlugin({
    name: 'reader',
    requires: [Store],
    setup: (context) => ({
      operations: {
        read: onSubject(async (_id, _options: Running<CallControl>) => context.get(Store).read()),
        write: onSubject(async (_id, _options: Running<CallControl & { text: string }>) => 1),
        all: sequence(async function* (_options: Running<CallControl>) {
          yield 1;
        }),
      },
      members: { size: 3 as number },
    }),
  });
const store = () =>
  definePlugin({ name: 'store', provides: [bind(Store, () => ({ read: () => 'x' }))] });
const otherStore = () =>
  definePlugin({ name: 'other-store', provides: [bind(Store, () => ({ read: () => 'z' }))] });
const clashing = () =>
  definePlugin({
    name: 'clashing',
    setup: () => ({ operations: { read: onOptions(async () => 1) } }),
  });

async function compositions() {
  const client = await ctrd().use(reader()).use(store()).connect();
  expectTypeOf(client.read).toEqualTypeOf<(id: string, options?: CallControl) => Promise<string>>();
  expectTypeOf(client.write).parameter(1).toEqualTypeOf<CallControl & { text: string }>();
  expectTypeOf(client.all({})).toEqualTypeOf<AsyncIterable<number>>();
  expectTypeOf(client.size).toEqualTypeOf<number>();
  expectTypeOf(client.version()).resolves.toHaveProperty('version');

  // @ts-expect-error options that must be given
  await client.write('id');

  // @ts-expect-error a method whose plugin is missing
  await (await ctrd().connect()).read('id');

  // @ts-expect-error a need that nobody meets
  await ctrd().use(reader()).connect();

  await ctrd()
    .use(reader())
    .provide(Store, { read: () => 'y' })
    .connect();

  // @ts-expect-error a part that is none of the kind
  ctrd().provide(Store, { write: () => 'y' });

  // @ts-expect-error two plugins with the same method
  ctrd().use(reader()).use(clashing());

  // @ts-expect-error two plugins that provide the same part
  ctrd().use(store()).use(otherStore());

  // The host's own goes before any plugin's, in any order.
  ctrd()
    .provide(Store, { read: () => 'y' })
    .use(store());

  // @ts-expect-error no plugin
  ctrd().use({});

  ctrd()
    .use(reader())
    .middleware('read', async (call, next) => {
      expectTypeOf(call.args).toEqualTypeOf<[subject: string, options?: CallControl]>();
      const result = await next();
      expectTypeOf(result).toEqualTypeOf<string>();
      return result;
    });

  // @ts-expect-error middleware of a method that is not there
  ctrd().middleware('read', async (_call, next) => await next());

  ctrd()
    .use(reader())
    // @ts-expect-error middleware that answers something else
    .middleware('read', async () => 7);
}

describe('the compiler', () => {
  it('checks compositions', () => {
    expectTypeOf(compositions).toBeFunction();
  });
});
