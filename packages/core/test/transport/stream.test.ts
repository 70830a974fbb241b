import type { DescMethodStreaming } from '@bufbuild/protobuf';
import { Content, type WriteContentRequest } from '@ctrd/api/services/content/v1';
import { Events } from '@ctrd/api/services/events/v1';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { createServiceClient } from '../../src/rpc/create-service-client.js';
import { caught } from '../support/caught.js';
import { connectors } from '../support/connectors.js';
import { failure, route, type ServedCall, serve } from '../support/serve.js';
import { until, untilStill } from '../support/until.js';
import { useConnection } from '../support/use-connection.js';

describe.each(connectors)('over $over,', ({ connector }) => {
  const at = useConnection(connector);

  const content = () => createServiceClient(Content, at.connection);
  const data = new Uint8Array(64 << 10);

  async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
    const list: T[] = [];
    for await (const item of items) list.push(item);
    return list;
  }

  /** Numbers without end, that say how many were taken and whether they were given back. */
  function endless() {
    const state = { taken: 0, returned: false };
    async function* chunks() {
      try {
        for (;;) {
          state.taken += 1;
          yield { data };
        }
      } finally {
        state.returned = true;
      }
    }
    return { state, chunks };
  }

  /** A source that has nothing to say and only ends when it is given back. */
  function silent() {
    let end = () => {};
    const returned = new Promise<void>((resolve) => {
      end = resolve;
    });
    const source: AsyncIterable<never> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          end();
          return { done: true, value: undefined };
        },
      }),
    };
    return { source, returned };
  }

  const untilCancelled = (call: ServedCall) =>
    new Promise<void>((resolve) => {
      call.signal.addEventListener('abort', () => resolve());
    });

  describe('a stream of answers', () => {
    it('gives every answer in order, and then ends', async () => {
      await using _server = await serve(at.path, [
        route(Content, {
          async *read({ digest }) {
            for (let offset = 0n; offset < 100n; offset += 1n) {
              yield { offset, data: Buffer.from(digest) };
            }
          },
        }),
      ]);
      const answers = await all(content().read({ digest: 'sha256:1' }));
      expect(answers.map(({ offset }) => Number(offset))).toEqual([...Array(100).keys()]);
      expect(Buffer.from(answers[99]?.data ?? []).toString()).toBe('sha256:1');
    });

    it('answers several who ask at once in the order in which they asked', async () => {
      await using _server = await serve(at.path, [
        route(Content, {
          async *read() {
            yield { offset: 1n };
            yield { offset: 2n };
          },
        }),
      ]);
      const answers = content().read({})[Symbol.asyncIterator]();
      const results = await Promise.all([1, 2, 3, 4].map(() => answers.next()));
      expect(results.map(({ value }) => value?.offset)).toEqual([1n, 2n, undefined, undefined]);
      expect(results.map(({ done }) => done)).toEqual([false, false, true, true]);
    });

    it('gives what came before a failure, then the failure once', async () => {
      await using _server = await serve(at.path, [
        route(Content, {
          async *read() {
            yield { offset: 1n };
            throw failure(status.NOT_FOUND, 'content sha256:1: not found');
          },
        }),
      ]);
      const answers = content().read({})[Symbol.asyncIterator]();
      expect((await answers.next()).value?.offset).toBe(1n);
      expect(await caught(answers.next())).toMatchObject({ code: 'not-found' });
      expect(await answers.next()).toEqual({ done: true, value: undefined });
    });

    it('holds the server back while nobody takes the answers', async () => {
      const { state, chunks } = endless();
      await using _server = await serve(at.path, [route(Content, { read: () => chunks() })]);
      const answers = content().read({})[Symbol.asyncIterator]();
      await answers.next();
      await untilStill(() => state.taken);
      // A window of 1 MiB, the buffers of both ends, and one answer ahead.
      expect(state.taken * data.length).toBeLessThan(8 << 20);
      await answers.return?.();
    });

    it('is cancelled on the server when its reader leaves', async () => {
      const { state, chunks } = endless();
      await using _server = await serve(at.path, [route(Content, { read: () => chunks() })]);
      for await (const _ of content().read({})) break;
      await until(() => state.returned);
    });

    it('ends at once for a reader who leaves while waiting', async () => {
      let served: ServedCall | undefined;
      await using _server = await serve(at.path, [
        route(Events, {
          // biome-ignore lint/correctness/useYield: it has nothing to say.
          async *subscribe(_request, call) {
            served = call;
            await untilCancelled(call);
          },
        }),
      ]);
      const events = createServiceClient(Events, at.connection)
        .subscribe({})
        [Symbol.asyncIterator]();
      const waiting = events.next();
      await until(() => served !== undefined);
      await events.return?.();
      expect(await waiting).toEqual({ done: true, value: undefined });
      await until(() => served?.signal.aborted === true);
    });

    it('fails with the abort, and with its time limit', async () => {
      await using _server = await serve(at.path, [
        route(Events, {
          // biome-ignore lint/correctness/useYield: it has nothing to say.
          async *subscribe(_request, call) {
            await untilCancelled(call);
          },
        }),
      ]);
      const { subscribe } = createServiceClient(Events, at.connection);
      const abort = new AbortController();
      const aborted = caught(all(subscribe({}, { signal: abort.signal })));
      abort.abort(new Error('enough'));
      expect(await aborted).toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
      expect((await caught(all(subscribe({}, { timeoutMs: 100 })))).code).toBe('timeout');
      expect((await caught(all(subscribe({}, { timeoutMs: 0 })))).code).toBe('timeout');
    });

    it('fails when the connection is closed', async () => {
      const { chunks } = endless();
      await using _server = await serve(at.path, [route(Content, { read: () => chunks() })]);
      const answers = content().read({})[Symbol.asyncIterator]();
      await answers.next();
      await at.connection.close();
      const rest = { [Symbol.asyncIterator]: () => answers };
      expect(await caught(all(rest))).toMatchObject({ code: 'unavailable', reason: 'closed' });
    });

    it('makes no call before it is iterated', async () => {
      let calls = 0;
      await using _server = await serve(at.path, [
        route(Content, {
          async *read() {
            calls += 1;
            yield {};
          },
        }),
      ]);
      const unread = content().read({});
      const iterator = content().read({})[Symbol.asyncIterator]();
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      await all(content().read({}));
      expect(calls).toBe(1);
      expect(unread).toBeDefined();
    });
  });

  describe('streams both ways', () => {
    it('answer each request while the next are being sent', async () => {
      await using _server = await serve(at.path, [
        route(Content, {
          async *write(requests) {
            let offset = 0n;
            for await (const request of requests) {
              offset += BigInt(request.data.length);
              yield { offset };
            }
          },
        }),
      ]);
      async function* requests() {
        for (let count = 0; count < 40; count += 1) yield { data };
      }
      const answers = await all(content().write(requests()));
      expect(answers).toHaveLength(40);
      expect(answers.at(-1)?.offset).toBe(BigInt(40 * data.length));
    });

    it('take requests only as fast as the server reads them', async () => {
      const { state, chunks } = endless();
      let served: ServedCall | undefined;
      await using _server = await serve(at.path, [
        route(Content, {
          // biome-ignore lint/correctness/useYield: it reads nothing and says nothing.
          async *write(_requests, call) {
            served = call;
            await untilCancelled(call);
          },
        }),
      ]);
      const answers = content().write(chunks())[Symbol.asyncIterator]();
      const first = answers.next();
      await until(() => served !== undefined);
      await untilStill(() => state.taken);
      expect(state.taken * data.length).toBeLessThan(8 << 20);
      await answers.return?.();
      await first;
      await until(() => state.returned);
    });

    it('end with what the source of requests fails with, and are cancelled on the server', async () => {
      let served: ServedCall | undefined;
      await using _server = await serve(at.path, [
        route(Content, {
          async *write(requests, call) {
            served = call;
            for await (const _ of requests) yield {};
          },
        }),
      ]);
      async function* requests() {
        yield { data };
        await until(() => served !== undefined);
        throw new Error('the disk broke');
      }
      const error = await caught(all(content().write(requests())));
      expect(error).toMatchObject({ code: 'unknown', rawMessage: 'the disk broke' });
      await until(() => served?.signal.aborted === true);
    });

    it('let go of a source that says nothing when the server ends the call', async () => {
      await using _server = await serve(at.path, [
        route(Content, {
          // biome-ignore lint/correctness/useYield: it ends without an answer.
          async *write() {
            throw failure(status.UNAVAILABLE, 'ref r locked for 1s: unavailable');
          },
        }),
      ]);
      const { source, returned } = silent();
      const error = await caught(all(content().write(source)));
      expect(error.code).toBe('lock-failed');
      await returned;
    });
  });

  describe('a stream of requests', () => {
    // The API has no such method; content's Write stands in, as a service would be generated.
    const upload = {
      ...Content,
      method: {
        upload: { ...Content.method.write, methodKind: 'client_streaming' },
      },
    } as unknown as typeof Content & {
      method: { upload: DescMethodStreaming & { methodKind: 'client_streaming' } };
    };

    it('is answered once, after all of it', async () => {
      await using _server = await serve(at.path, [
        route(Content, {
          async *write(requests) {
            let offset = 0n;
            for await (const request of requests) offset += BigInt(request.data.length);
            yield { offset };
          },
        }),
      ]);
      async function* requests(): AsyncGenerator<Pick<WriteContentRequest, 'data'>> {
        yield { data };
        yield { data };
      }
      const calls = createServiceClient(upload, at.connection) as unknown as {
        upload(requests: AsyncIterable<unknown>): Promise<{ offset: bigint }>;
      };
      expect((await calls.upload(requests())).offset).toBe(BigInt(2 * data.length));
    });

    it('fails when the call ends well, but without an answer', async () => {
      await using _server = await serve(at.path, [route(Content, { async *write() {} })]);
      async function* requests() {}
      const calls = createServiceClient(upload, at.connection) as unknown as {
        upload(requests: AsyncIterable<unknown>): Promise<unknown>;
      };
      expect((await caught(calls.upload(requests()))).code).toBe('internal');
    });
  });
});
