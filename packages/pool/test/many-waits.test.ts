import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { grpcConnector } from '@ctrd/core/grpc';
import { describe, expect, it } from 'vitest';
import { folder } from '../../core/test/support/folder.js';
import { route, serve } from '../../core/test/support/serve.js';
import { until } from '../../core/test/support/until.js';
import { createPool, seedDefaults } from '../src/index.js';
import { long, short } from './support/calls.js';

/** A server that holds Wait open until it is told to answer. */
async function waitServer(path: string) {
  const waiting = new Set<() => void>();
  const served = await serve(path, [
    route(Version, { version: () => ({ version: 'v1.0.0' }) }),
    route(Tasks, {
      wait: () =>
        new Promise((resolve) => {
          const exitedAt = timestampFromDate(new Date(0));
          waiting.add(() => resolve({ exitStatus: 0, exitedAt }));
        }),
    }),
  ]);
  return {
    waiting,
    answerAll() {
      for (const answer of waiting) answer();
      waiting.clear();
    },
    [Symbol.asyncDispose]: () => served.stop(),
  };
}

describe.each([
  ['600 waits on five connections of a hundred streams', 600, seedDefaults, 6],
  ['2000 waits on five connections of a hundred streams', 2000, seedDefaults, 20],
  ['1000 waits on the one connection of the default', 1000, {}, 1],
  ['2000 waits with the default', 2000, {}, 2],
] as const)('%s', (_, count, options, needed) => {
  it('leave short calls as they are, and all get their answer', { timeout: 120_000 }, async () => {
    await using place = await folder();
    await using server = await waitServer(place.file('waits.sock'));
    const connector = grpcConnector();
    await using pool = createPool(
      { open: () => connector.open(place.file('waits.sock')) },
      options,
    );
    const waits = Array.from({ length: count }, () => pool.unary(long()));
    await until(() => server.waiting.size === count);

    const { roles } = pool.stats();
    expect(roles.stream).toMatchObject({ connections: needed, inFlight: count, queued: 0 });
    for (let calls = 0; calls < 50; calls += 1) {
      await expect(pool.unary(short({ timeoutMs: 30_000 }))).resolves.toBeDefined();
    }

    server.answerAll();
    await Promise.all(waits);
    expect(pool.stats().roles.stream).toMatchObject({
      free: needed * (pool.stats().connections[0]?.maxStreams ?? 0),
      inFlight: 0,
    });
  });
});
