import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { Task, WaitResponseSchema } from '@ctrd/api/task/v2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../src/shim/frame.js';
import { connectTtrpc } from '../../src/shim/ttrpc.js';
import { type Answer, shimServer } from '../support/shim-server.js';

const exit = (exitStatus: number): Uint8Array =>
  toBinary(WaitResponseSchema, create(WaitResponseSchema, { exitStatus }));
const { signal } = new AbortController();
setMaxListeners(0, signal);
const connect = (path: string, options: { signal?: AbortSignal } = {}) =>
  connectTtrpc(path, { namespace: 'tests', signal, ...options });

describe('a connection to a shim', () => {
  it('sends the service, the method and the namespace, and gives the answer', async () => {
    await using server = await shimServer((_request, send, id) => send(id, exit(42)));
    using shim = await connect(server.path);
    const answer = await shim.call(Task.method.wait, { id: 'c', execId: 'e' }, { signal });
    expect(answer.exitStatus).toBe(42);
    expect(server.requests[0]).toMatchObject({
      service: 'containerd.task.v2.Task',
      method: 'Wait',
      metadata: [{ key: 'containerd-namespace-ttrpc', value: 'tests' }],
    });
  });

  it('carries many calls at once, whose answers come in any order', async () => {
    const waiting: (() => void)[] = [];
    await using server = await shimServer((_request, send, id) => {
      waiting.unshift(() => send(id, exit(id)));
      if (waiting.length === 20) for (const reply of waiting) reply();
    });
    using shim = await connect(server.path);
    const calls = Array.from({ length: 20 }, () => shim.call(Task.method.wait, {}, { signal }));
    const codes = (await Promise.all(calls)).map(({ exitStatus }) => exitStatus);
    expect(codes).toEqual(Array.from({ length: 20 }, (_, index) => 2 * index + 1));
  });

  it.each([
    [5, 'not-found'],
    [12, 'unimplemented'],
    [2, 'unknown'],
    [77, 'unknown'],
  ])('fails with the code of status %i', async (code, expected) => {
    await using server = await shimServer((_r, send, id) => send(id, { code, message: 'no' }));
    using shim = await connect(server.path);
    const call = shim.call(Task.method.wait, {}, { signal });
    await expect(call).rejects.toMatchObject({ code: expected, message: 'no' });
  });

  it('that is lost fails the calls that are open, and those that follow', async () => {
    await using server = await shimServer(() => server.sockets[0]?.destroy());
    using shim = await connect(server.path);
    const dropped = { code: 'unavailable', reason: 'dropped' };
    const call = () => shim.call(Task.method.wait, {}, { signal });
    await expect(call()).rejects.toMatchObject(dropped);
    await expect(call()).rejects.toMatchObject(dropped);
  });

  it('passes over frames of other kinds, and waits on for the answer', async () => {
    await using server = await shimServer((_request, send, id) => {
      server.sockets[0]?.write(encodeFrame({ streamId: id, type: 3, payload: new Uint8Array(2) }));
      send(id, exit(7));
    });
    using shim = await connect(server.path);
    const limit = AbortSignal.timeout(5_000);
    const answer = await shim.call(Task.method.wait, {}, { signal: limit });
    expect(answer.exitStatus).toBe(7);
  });

  it('that says what cannot be read fails its calls with that', async () => {
    await using server = await shimServer(() => server.sockets[0]?.write(Buffer.alloc(64, 0xff)));
    using shim = await connect(server.path);
    const call = shim.call(Task.method.wait, {}, { signal });
    await expect(call).rejects.toMatchObject({ code: 'data-loss', cause: { code: 'too-large' } });
  });

  it('forgets a call that was aborted, and its late answer', async () => {
    const open: ((answer: Answer) => void)[] = [];
    await using server = await shimServer((_request, send, id) => {
      open.push((answer) => send(id, answer));
    });
    using shim = await connect(server.path);
    const controller = new AbortController();
    const given = shim.call(Task.method.wait, {}, { signal: controller.signal });
    const kept = shim.call(Task.method.wait, {}, { signal });
    await expect.poll(() => open.length).toBe(2);
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: 'aborted' });
    open[0]?.(exit(1));
    open[1]?.(exit(2));
    expect((await kept).exitStatus).toBe(2);
  });

  it('cannot be made where nobody listens', async () => {
    await expect(connect('/no/such/socket')).rejects.toMatchObject({
      ...{ code: 'unavailable', reason: 'missing' },
    });
    await using server = await shimServer(() => {});
    const aborted = connect(server.path, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('ends with an error, and no other way, whatever bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (bytes) => {
        await using server = await shimServer(() => {
          server.sockets[0]?.end(bytes);
        });
        using shim = await connect(server.path);
        const call = shim.call(Task.method.wait, {}, { signal });
        await expect(call).rejects.toMatchObject({ name: 'CtrdError' });
        await turn();
      }),
      // Bytes that happen to be an answer to stream 1 have ten fixed bytes first; chance has none.
      { numRuns: 60 },
    );
  });
});
