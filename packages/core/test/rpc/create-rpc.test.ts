import { create } from '@bufbuild/protobuf';
import { Events, SubscribeRequestSchema } from '@ctrd/api/services/events/v1';
import { Version, VersionResponseSchema } from '@ctrd/api/services/version/v1';
import { EnvelopeSchema } from '@ctrd/api/types/event';
import { describe, expect, it } from 'vitest';
import { createRpc } from '../../src/rpc/create-rpc.js';
import type { RpcInterceptor } from '../../src/rpc/interceptor.js';
import { fakeTransport } from '../support/fake-transport.js';

const answering = () =>
  fakeTransport(async ({ method }) =>
    method.parent === Version ? create(VersionResponseSchema) : create(EnvelopeSchema),
  );

describe('an Rpc', () => {
  it('adds the namespace, of the client or of the scope, and the lease', async () => {
    const transport = answering();
    const rpc = createRpc(transport, 'ci', []);
    await rpc.client(Version).version({});
    await rpc.client(Version, { lease: 'l1' }).version({});
    await rpc.client(Version, { namespace: 'other', lease: undefined }).version({});
    expect(transport.calls.map(({ options }) => options.headers)).toEqual([
      { 'containerd-namespace': 'ci' },
      { 'containerd-namespace': 'ci', 'containerd-lease': 'l1' },
      { 'containerd-namespace': 'other' },
    ]);
  });

  it('lets the caller add headers, and keeps the other options', async () => {
    const transport = answering();
    const options = { headers: { traceparent: '00-1' }, timeoutMs: 5, affinity: 'c1' };
    await createRpc(transport, 'ci', []).client(Version).version({}, options);
    expect(transport.calls[0]?.options).toEqual({
      headers: { 'containerd-namespace': 'ci', traceparent: '00-1' },
      timeoutMs: 5,
      affinity: 'c1',
    });
    expect(options.headers).toEqual({ traceparent: '00-1' });
  });

  it('leads calls through the interceptors, the first outermost', async () => {
    const seen: string[] = [];
    const named = (name: string): RpcInterceptor => ({
      async unary(call, next) {
        seen.push(`${name} in`);
        const answer = await next(call);
        seen.push(`${name} out`);
        return answer;
      },
      async *stream(call, next) {
        seen.push(`${name} streams`);
        yield* next(call);
      },
    });
    const rpc = createRpc(answering(), 'ci', [named('a'), {}, named('b')]);
    await rpc.client(Version).version({});
    for await (const _ of rpc.client(Events).subscribe({})) seen.push('event');
    expect(seen).toEqual([
      ...['a in', 'b in', 'b out', 'a out'],
      ...['a streams', 'b streams', 'event'],
    ]);
  });

  it('shows interceptors the headers, and lets them change the call', async () => {
    const transport = answering();
    let namespace: string | undefined;
    const interceptor: RpcInterceptor = {
      unary(call, next) {
        namespace = call.options.headers?.['containerd-namespace'];
        return next({ ...call, options: { ...call.options, timeoutMs: 7 } });
      },
    };
    await createRpc(transport, 'ci', [interceptor]).client(Version).version({});
    expect(namespace).toBe('ci');
    expect(transport.calls[0]?.options.timeoutMs).toBe(7);
  });

  it('makes messages of plain objects', async () => {
    const transport = answering();
    const events = createRpc(transport, 'ci', [])
      .client(Events)
      .subscribe({ filters: ['a'] });
    for await (const _ of events) break;
    const call = transport.calls[0];
    const requests = call !== undefined && 'requests' in call ? call.requests : [];
    const sent = [];
    for await (const request of requests) sent.push(request);
    expect(sent).toEqual([create(SubscribeRequestSchema, { filters: ['a'] })]);
  });
});
