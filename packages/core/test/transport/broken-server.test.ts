import { getEventListeners } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:net';
import { Content } from '@ctrd/api/services/content/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { describe, expect, it } from 'vitest';
import { createServiceClient } from '../../src/rpc/create-service-client.js';
import { caught } from '../support/caught.js';
import { connectors } from '../support/connectors.js';
import { frameCounter, resetFrame } from '../support/frame-counter.js';
import {
  answerEmpty,
  answerHeaders,
  emptyMessage,
  NGHTTP2_CANCEL,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_REFUSED_STREAM,
  rawServer,
} from '../support/raw-server.js';
import { until } from '../support/until.js';
import { useConnection } from '../support/use-connection.js';

describe.each(connectors)('over $over,', ({ connector }) => {
  const at = useConnection(connector);

  const version = () => createServiceClient(Version, at.connection).version({});

  async function readAll(): Promise<number> {
    let answers = 0;
    for await (const _ of createServiceClient(Content, at.connection).read({})) answers += 1;
    return answers;
  }

  const dropped = { code: 'unavailable', reason: 'dropped' };

  describe('a call', () => {
    it.each([
      ['before the answer begins', (stream: ServerHttp2Stream) => stream.session?.destroy()],
      [
        'after the headers',
        (stream: ServerHttp2Stream) => {
          stream.respond(answerHeaders);
          setImmediate(() => stream.session?.destroy());
        },
      ],
      [
        'within a message',
        (stream: ServerHttp2Stream) => {
          stream.respond(answerHeaders);
          stream.write(Buffer.from([0, 0, 0, 0, 100, 1, 2, 3]), () => stream.session?.destroy());
        },
      ],
    ])('was dropped when the connection is lost %s', async (_when, misbehave) => {
      await using _server = await rawServer(at.path, misbehave);
      expect(await caught(version())).toMatchObject(dropped);
      expect(await caught(readAll())).toMatchObject(dropped);
    });

    it.each([
      [
        'after the headers',
        (stream: ServerHttp2Stream) => {
          stream.respond(answerHeaders);
          setImmediate(() => stream.close(NGHTTP2_INTERNAL_ERROR));
        },
      ],
      [
        'within a message',
        (stream: ServerHttp2Stream) => {
          stream.respond(answerHeaders);
          stream.write(Buffer.from([0, 0, 0, 0, 100, 1, 2, 3]), () =>
            stream.close(NGHTTP2_INTERNAL_ERROR),
          );
        },
      ],
      [
        'as cancelled',
        (stream: ServerHttp2Stream) => {
          stream.respond(answerHeaders);
          setImmediate(() => stream.close(NGHTTP2_CANCEL));
        },
      ],
      [
        'without a status',
        (stream: ServerHttp2Stream) => {
          stream.respond(answerHeaders);
          stream.end(emptyMessage);
        },
      ],
    ])('was dropped when its stream is reset %s', async (_when, misbehave) => {
      await using _server = await rawServer(at.path, misbehave);
      expect(await caught(version())).toMatchObject(dropped);
      expect(await caught(readAll())).toMatchObject(dropped);
    });

    it('is repeated unseen when the server refuses its stream', async () => {
      let calls = 0;
      await using _server = await rawServer(at.path, (stream) => {
        calls += 1;
        if (calls === 1) stream.close(NGHTTP2_REFUSED_STREAM);
        else answerEmpty(stream);
      });
      expect(await version()).toMatchObject({ version: '' });
      expect(calls).toBe(2);
    });

    it('goes on to a new connection when the server says that it goes away', async () => {
      await using server = await rawServer(at.path, (stream, session) => {
        answerEmpty(stream);
        stream.on('close', () => session.goaway());
      });
      await version();
      const [first] = server.sessions;
      await until(() => at.connection.state !== 'ready' || server.sessions.size === 0);
      await version();
      expect([...server.sessions].filter((session) => session !== first)).toHaveLength(1);
    });

    it('fails with data-loss when the answer is no such message', async () => {
      const nonsense = Buffer.from([0, 0, 0, 0, 2, 0x12, 0x7f]);
      await using _server = await rawServer(at.path, (stream) => {
        stream.respond(answerHeaders, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(nonsense);
      });
      expect((await caught(version())).code).toBe('data-loss');
      expect((await caught(readAll())).code).toBe('data-loss');
    });

    it.each([
      [400, 'internal'],
      [401, 'unauthenticated'],
      [403, 'permission-denied'],
      [404, 'unimplemented'],
      [500, 'unknown'],
      [503, 'unavailable'],
    ])('fails as HTTP says it: %i', async (status, code) => {
      await using _server = await rawServer(at.path, (stream) => {
        stream.respond({ ':status': status, 'content-type': 'text/plain' });
        stream.end('no such page');
      });
      expect((await caught(version())).code).toBe(code);
      expect((await caught(readAll())).code).toBe(code);
    });

    it('fails when what listens does not speak gRPC', async () => {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
      await new Promise<void>((resolve) => server.listen(at.path, resolve));
      expect(await caught(version())).toMatchObject(dropped);
      const error = await caught(at.connection.connect({ signal: AbortSignal.timeout(20_000) }));
      expect(error).toMatchObject({ ...dropped, subject: at.path });
      server.close();
    });
  });

  describe('a connection', () => {
    it('has a socket of its own', async () => {
      await using server = await rawServer(at.path, answerEmpty);
      const other = connector.open(at.path);
      await version();
      await createServiceClient(Version, other).version({});
      expect(server.sessions.size).toBe(2);
      await other.close();
      await until(() => server.sessions.size === 1);
    });

    it('resets no stream that has ended well', async () => {
      await using _server = await rawServer(at.file('behind'), answerEmpty);
      await using counter = await frameCounter(at.path, at.file('behind'));
      for (let calls = 0; calls < 20; calls += 1) await version();
      expect(await readAll()).toBe(1);
      await version();
      expect(counter.sent.get(resetFrame)).toBeUndefined();
      await at.connection.close();
    });

    it('gives all answers that come at once, and lets go of those that nobody wants', async () => {
      await using _server = await rawServer(at.path, (stream) => {
        stream.respond(answerHeaders, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.concat(Array<Buffer>(5).fill(emptyMessage)));
      });
      expect(await readAll()).toBe(5);
      const { signal } = new AbortController();
      for await (const _ of createServiceClient(Content, at.connection).read({}, { signal })) {
        // By now, the server is done with the call, and three answers wait.
        await new Promise((resolve) => setTimeout(resolve, 50));
        break;
      }
      await until(() => getEventListeners(signal, 'abort').length === 0);
    });

    it('keeps no answer that came after the reader left', async () => {
      let streams = 0;
      await using _server = await rawServer(at.path, (stream) => {
        streams += 1;
        stream.on('close', () => {
          streams -= 1;
        });
        stream.respond(answerHeaders);
        stream.write(Buffer.concat(Array<Buffer>(1000).fill(emptyMessage)));
      });
      for (let round = 0; round < 5; round += 1) {
        for await (const _ of createServiceClient(Content, at.connection).read({})) break;
      }
      await until(() => streams === 0);
    });
  });
});
