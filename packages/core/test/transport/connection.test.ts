import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Events } from '@ctrd/api/services/events/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { describe, expect, it } from 'vitest';
import { createServiceClient } from '../../src/rpc/create-service-client.js';
import type { ConnectionState } from '../../src/rpc/transport.js';
import { caught } from '../support/caught.js';
import { connectors } from '../support/connectors.js';
import { route, serve } from '../support/serve.js';
import { until } from '../support/until.js';
import { useConnection } from '../support/use-connection.js';

describe.each(connectors)('over $over,', ({ connector }) => {
  const at = useConnection(connector);

  const soon = () => AbortSignal.timeout(20_000);
  const routes = [
    route(Version, { version: () => ({ version: '1' }) }),
    route(Events, {
      async *subscribe(_request, { signal }) {
        yield { topic: '/ready' };
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    }),
  ];
  const version = (options = {}) =>
    createServiceClient(Version, at.connection).version({}, options);

  /** A file where a socket should be is what a socket without a listener is to who connects. */
  const leaveBehind = () => writeFile(at.path, '');

  describe('reaching a daemon', () => {
    it('says that there is no socket', async () => {
      expect(await caught(version())).toMatchObject({ code: 'unavailable', reason: 'missing' });
      expect(await caught(at.connection.connect({ signal: soon() }))).toMatchObject({
        code: 'unavailable',
        reason: 'missing',
        subject: at.path,
      });
    });

    it('says that nobody listens', async () => {
      await leaveBehind();
      expect(await caught(version())).toMatchObject({ code: 'unavailable', reason: 'refused' });
      const error = await caught(at.connection.connect({ signal: soon() }));
      expect(error).toMatchObject({ code: 'unavailable', reason: 'refused' });
    });

    it.runIf(process.getuid?.() === 0)(
      'says that this user may not (as root, who may become another)',
      async () => {
        const closed = at.file('closed');
        await mkdir(closed, { mode: 0o700 });
        await chmod(at.file(''), 0o755);
        await using _server = await serve(`${closed}/s`, routes);
        const other = connector.open(`${closed}/s`);
        process.seteuid?.('nobody');
        try {
          const call = await caught(createServiceClient(Version, other).version({}));
          expect(call).toMatchObject({ code: 'unavailable', reason: 'forbidden' });
          const error = await caught(other.connect({ signal: soon() }));
          expect(error).toMatchObject({ code: 'unavailable', reason: 'forbidden' });
        } finally {
          process.seteuid?.(0);
          await other.close();
        }
      },
    );

    it('gives up with the abort while the daemon hangs', async () => {
      const silent = createServer((socket) => socket.on('error', () => {}));
      await new Promise<void>((resolve) => silent.listen(at.path, resolve));
      const abort = new AbortController();
      const connecting = caught(at.connection.connect({ signal: abort.signal }));
      await until(() => at.connection.state === 'connecting');
      abort.abort();
      expect((await connecting).code).toBe('aborted');
      expect((await caught(version({ timeoutMs: 100 }))).code).toBe('timeout');
      silent.close();
    });

    it('waits for the daemon when the call says so', async () => {
      const waiting = version({ waitForReady: true, timeoutMs: 20_000 });
      await until(() => at.connection.state === 'failing');
      await using _server = await serve(at.path, routes);
      expect((await waiting).version).toBe('1');
    });

    it('waits no longer than the call lasts', async () => {
      const error = await caught(version({ waitForReady: true, timeoutMs: 150 }));
      expect(error.code).toBe('timeout');
    });

    it('succeeds at once after an earlier failure when the daemon is there', async () => {
      await caught(version());
      await until(() => at.connection.state === 'failing');
      await using _server = await serve(at.path, routes);
      await at.connection.connect({ signal: soon() });
      expect(at.connection.state).toBe('ready');
    });
  });

  describe('a daemon that restarts', () => {
    it('drops what is under way, and is reached again by the same connection', async () => {
      const server = await serve(at.path, routes);
      await at.connection.connect({ signal: soon() });
      const events = createServiceClient(Events, at.connection)
        .subscribe({})
        [Symbol.asyncIterator]();
      await events.next();
      await server.stop();
      expect(await caught(events.next())).toMatchObject({ code: 'unavailable', reason: 'dropped' });
      await using _again = await serve(at.path, routes);
      expect((await version({ waitForReady: true, timeoutMs: 20_000 })).version).toBe('1');
    });
  });

  describe('the state of a connection', () => {
    it('is told to those who watch, until they stop', async () => {
      const seen: ConnectionState[] = [];
      const other: ConnectionState[] = [];
      at.connection.watch((state) => seen.push(state));
      const watching = at.connection.watch((state) => other.push(state));
      expect(at.connection.state).toBe('idle');
      await caught(version());
      await until(() => seen.includes('failing'));
      watching[Symbol.dispose]();
      const before = [...other];
      await using _server = await serve(at.path, routes);
      await at.connection.connect({ signal: soon() });
      await until(() => seen.at(-1) === 'ready');
      await at.connection.close();
      expect(seen.at(-1)).toBe('closed');
      expect(other).toEqual(before);
    });

    it('may be watched twice by one listener', async () => {
      let told = 0;
      const listener = () => {
        told += 1;
      };
      at.connection.watch(listener)[Symbol.dispose]();
      at.connection.watch(listener);
      await at.connection.close();
      expect(told).toBe(1);
    });

    it('ends an attempt to connect when it is closed', async () => {
      const silent = createServer((socket) => socket.on('error', () => {}));
      await new Promise<void>((resolve) => silent.listen(at.path, resolve));
      const connecting = caught(at.connection.connect({ signal: soon() }));
      await until(() => at.connection.state === 'connecting');
      await at.connection.close();
      expect(await connecting).toMatchObject({ code: 'unavailable', reason: 'closed' });
      const after = await caught(at.connection.connect({ signal: soon() }));
      expect(after).toMatchObject({ code: 'unavailable', reason: 'closed' });
      silent.close();
    });
  });
});
