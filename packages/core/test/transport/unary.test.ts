import { Health, HealthCheckResponse_ServingStatus } from '@ctrd/api/grpc/health/v1';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { CtrdError } from '../../src/errors/index.js';
import { createServiceClient } from '../../src/rpc/create-service-client.js';
import { caught } from '../support/caught.js';
import { connectors } from '../support/connectors.js';
import { failure, route, type ServedCall, serve } from '../support/serve.js';
import { until } from '../support/until.js';
import { useConnection } from '../support/use-connection.js';

describe.each(connectors)('over $over,', ({ connector }) => {
  const at = useConnection(connector);

  /** Answers when the caller has gone. */
  const never = (call: ServedCall) =>
    new Promise<never>((_, reject) => {
      call.signal.addEventListener('abort', () => reject(new Error('cancelled')));
    });

  describe('a unary call', () => {
    it('carries the request, the headers and the answer', async () => {
      let headers: ServedCall['headers'] = {};
      await using _server = await serve(at.path, [
        route(Containers, {
          get: ({ id }, call) => {
            headers = call.headers;
            return { container: { id, image: 'busybox' } };
          },
        }),
      ]);
      const calls = createServiceClient(Containers, at.connection);
      const answer = await calls.get({ id: 'c1' }, { headers: { 'containerd-namespace': 'ci' } });
      expect(answer.container).toMatchObject({ id: 'c1', image: 'busybox' });
      expect(headers).toMatchObject({ 'containerd-namespace': 'ci' });
    });

    it('fails with the code and the words of the server', async () => {
      await using _server = await serve(at.path, [
        route(Containers, {
          get: () => {
            throw failure(status.NOT_FOUND, 'container "c1": not found');
          },
        }),
      ]);
      const error = await caught(createServiceClient(Containers, at.connection).get({ id: 'c1' }));
      expect(error).toMatchObject({ code: 'not-found', rawMessage: 'container "c1": not found' });
      expect(error.cause).toEqual({ status: 'NOT_FOUND', details: 'container "c1": not found' });
    });

    it('fails with unimplemented when the service is not there', async () => {
      await using _server = await serve(at.path, []);
      const error = await caught(createServiceClient(Version, at.connection).version({}));
      expect(error.code).toBe('unimplemented');
    });

    it('carries more than 4 MiB both ways', async () => {
      const text = 'x'.repeat(6 << 20);
      await using _server = await serve(at.path, [
        route(Version, { version: () => ({ version: text }) }),
        route(Containers, { get: ({ id }) => ({ container: { id: String(id.length) } }) }),
      ]);
      const { version } = await createServiceClient(Version, at.connection).version({});
      expect(version).toHaveLength(text.length);
      const { container } = await createServiceClient(Containers, at.connection).get({ id: text });
      expect(container?.id).toBe(String(text.length));
    });

    it('fails with too-large beyond 16 MiB, either way', async () => {
      const text = 'x'.repeat(17 << 20);
      await using _server = await serve(at.path, [
        route(Version, { version: () => ({ version: text }) }),
        route(Containers, { get: () => ({}) }),
      ]);
      const down = await caught(createServiceClient(Version, at.connection).version({}));
      expect(down.code).toBe('too-large');
      const up = await caught(createServiceClient(Containers, at.connection).get({ id: text }));
      expect(up.code).toBe('too-large');
    });

    it('names the field that cannot hold a value', async () => {
      const calls = createServiceClient(Tasks, at.connection);
      const error = await caught(calls.kill({ signal: 2 ** 40 }));
      expect(error).toMatchObject({ code: 'invalid-argument', field: 'request' });
      expect(error.message).toContain('KillRequest.signal');
    });

    it('refuses a header that is not ASCII', async () => {
      const calls = createServiceClient(Health, at.connection);
      const error = await caught(calls.check({}, { headers: { 'containerd-lease': 'é\n' } }));
      expect(error).toMatchObject({ code: 'invalid-argument', field: 'headers.containerd-lease' });
    });

    it.each([
      'connection',
      'content-length',
      'grpc-timeout',
      'te',
      'transfer-encoding',
      'trace-bin',
      'Upper',
    ])('refuses the header %s, before it connects', async (name) => {
      const calls = createServiceClient(Health, at.connection);
      const error = await caught(calls.check({}, { headers: { [name]: '1' } }));
      expect(error).toMatchObject({ code: 'invalid-argument', field: `headers.${name}` });
      expect(at.connection.state).toBe('idle');
    });
  });

  describe('a unary call that is ended', () => {
    it('fails with the abort, and is cancelled on the server', async () => {
      let served: ServedCall | undefined;
      await using _server = await serve(at.path, [
        route(Version, {
          version: (_request, call) => {
            served = call;
            return never(call);
          },
        }),
      ]);
      const abort = new AbortController();
      const failed = caught(
        createServiceClient(Version, at.connection).version({}, { signal: abort.signal }),
      );
      await until(() => served !== undefined);
      const reason = new Error('changed my mind');
      abort.abort(reason);
      expect(await failed).toMatchObject({ code: 'aborted', cause: reason });
      await until(() => served?.signal.aborted === true);
    });

    it('fails with a reason that is a CtrdError as it is', async () => {
      const reason = new CtrdError('the client is closing', { code: 'aborted', reason: 'closed' });
      const calls = createServiceClient(Version, at.connection);
      const error = await caught(calls.version({}, { signal: AbortSignal.abort(reason) }));
      expect(error).toBe(reason);
    });

    it('sends nothing when it is aborted before', async () => {
      let called = false;
      await using _server = await serve(at.path, [
        route(Version, {
          version: () => {
            called = true;
            return {};
          },
        }),
      ]);
      const calls = createServiceClient(Version, at.connection);
      expect((await caught(calls.version({}, { signal: AbortSignal.abort() }))).code).toBe(
        'aborted',
      );
      expect((await caught(calls.version({}, { timeoutMs: 0 }))).code).toBe('timeout');
      await calls.version({}).then(() => expect(called).toBe(true));
    });

    it('fails with timeout when its time is up, and is cancelled on the server', async () => {
      let served: ServedCall | undefined;
      await using _server = await serve(at.path, [
        route(Version, {
          version: (_request, call) => {
            served = call;
            return never(call);
          },
        }),
      ]);
      const calls = createServiceClient(Version, at.connection);
      await at.connection.connect({ signal: AbortSignal.timeout(20_000) });
      expect((await caught(calls.version({}, { timeoutMs: 200 }))).code).toBe('timeout');
      await until(() => served?.signal.aborted === true);
    });

    it('fails with timeout when the server says so', async () => {
      await using _server = await serve(at.path, [
        route(Version, {
          version: () => {
            throw failure(status.DEADLINE_EXCEEDED, 'context deadline exceeded');
          },
        }),
      ]);
      const error = await caught(createServiceClient(Version, at.connection).version({}));
      expect(error.code).toBe('timeout');
    });

    it('is told from a call that the server cut off', async () => {
      await using _server = await serve(at.path, [
        route(Version, {
          version: () => {
            throw failure(status.CANCELLED, 'context canceled');
          },
        }),
      ]);
      const error = await caught(createServiceClient(Version, at.connection).version({}));
      expect(error).toMatchObject({ code: 'unavailable', reason: 'dropped' });
    });

    it('fails when the connection is closed, before and during it', async () => {
      let called = false;
      await using _server = await serve(at.path, [
        route(Version, {
          version: (_request, call) => {
            called = true;
            return never(call);
          },
        }),
        route(Health, { check: () => ({ status: HealthCheckResponse_ServingStatus.SERVING }) }),
      ]);
      const during = caught(createServiceClient(Version, at.connection).version({}));
      await until(() => called);
      await at.connection.close();
      expect(await during).toMatchObject({ code: 'unavailable', reason: 'closed' });
      const after = await caught(createServiceClient(Health, at.connection).check({}));
      expect(after).toMatchObject({ code: 'unavailable', reason: 'closed' });
      expect(at.connection.state).toBe('closed');
      await at.connection.close();
    });
  });
});
