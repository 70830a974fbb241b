import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type ClientOptions, ctrd } from '@ctrd/core';
import {
  type PoolAPIClient,
  type PoolEvent,
  type PoolStrategy,
  pool,
  seedDefaults,
} from '@ctrd/pool';

// #region own-strategy
/** The connection that has answered soonest of late; one that nobody knows yet is tried first. */
export const fastest: PoolStrategy = {
  pick: (candidates) =>
    candidates.reduce((a, b) => ((b.latencyMs ?? 0) < (a.latencyMs ?? 0) ? b : a)),
};
// #endregion

// #region connect
/** Two connections for short calls and one of each other kind; waits queue when all are taken. */
export function connect(options: ClientOptions) {
  return ctrd(options)
    .use(
      pool({
        capacity: { control: 2 },
        strategy: fastest,
        whenExhausted: 'wait',
        waitForReady: true,
        healthCheck: { intervalMs: 10_000 },
      }),
    )
    .connect();
}
// #endregion

// #region seed
/** As PouchContainer had it: five connections, a hundred streams each, the least used is picked. */
export function connectAsPouch(options: ClientOptions) {
  return ctrd(options).use(pool(seedDefaults)).connect();
}
// #endregion

// #region by-hand
/** Takes streams of one connection by hand: it has that many fewer for the pool's own calls. */
export function reserve(client: { readonly pool: PoolAPIClient }, streams: number): Disposable {
  const connection = client.pool.get({ role: 'stream' });
  connection.consume(streams);
  return { [Symbol.dispose]: () => connection.produce(streams) };
}
// #endregion

// #region channels
/** Reports connections that are left out for a while, until the result is disposed. */
export function onEject(report: (event: PoolEvent) => void): Disposable {
  const listen = (message: unknown) => report(message as PoolEvent);
  subscribe('ctrd:pool:eject', listen);
  return { [Symbol.dispose]: () => void unsubscribe('ctrd:pool:eject', listen) };
}
// #endregion
