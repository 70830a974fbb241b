import { create } from '@bufbuild/protobuf';
import { Namespaces } from '@ctrd/api/services/namespaces/v1';
import { Version, VersionResponseSchema } from '@ctrd/api/services/version/v1';
import { describe, expect, it } from 'vitest';
import { CtrdError } from '../../src/errors/index.js';
import { createRpc } from '../../src/rpc/create-rpc.js';
import { retryReads } from '../../src/rpc/retry-reads.js';
import { caught } from '../support/caught.js';
import { fakeTransport } from '../support/fake-transport.js';

/** Fails the first calls, and answers the rest. */
function failing(times: number, reason: string) {
  let left = times;
  return fakeTransport(async () => {
    left -= 1;
    if (left >= 0) throw new CtrdError('gone', { code: 'unavailable', reason });
    return create(VersionResponseSchema, { version: '1' });
  });
}

describe('a read', () => {
  it('is repeated once when it was dropped', async () => {
    const transport = failing(1, 'dropped');
    const rpc = createRpc(transport, 'ci', [retryReads]);
    expect((await rpc.client(Version).version({})).version).toBe('1');
    expect(transport.calls).toHaveLength(2);
  });

  it('has one time limit for both', async () => {
    let first = true;
    const transport = fakeTransport(async () => {
      if (!first) return create(VersionResponseSchema, { version: '1' });
      first = false;
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new CtrdError('gone', { code: 'unavailable', reason: 'dropped' });
    });
    const rpc = createRpc(transport, 'ci', [retryReads]);
    await rpc.client(Version).version({}, { timeoutMs: 10_000 });
    expect(transport.calls[0]?.options.timeoutMs).toBe(10_000);
    expect(transport.calls[1]?.options.timeoutMs).toBeLessThan(9_980);
  });

  it('is not repeated a second time', async () => {
    const transport = failing(2, 'dropped');
    const rpc = createRpc(transport, 'ci', [retryReads]);
    expect((await caught(rpc.client(Version).version({}))).reason).toBe('dropped');
    expect(transport.calls).toHaveLength(2);
  });

  it('is not repeated when the daemon is not there', async () => {
    const transport = failing(1, 'refused');
    const rpc = createRpc(transport, 'ci', [retryReads]);
    expect((await caught(rpc.client(Version).version({}))).reason).toBe('refused');
    expect(transport.calls).toHaveLength(1);
  });

  it('is not repeated after the caller has given up', async () => {
    const transport = failing(1, 'dropped');
    const rpc = createRpc(transport, 'ci', [retryReads]);
    const signal = AbortSignal.abort();
    await caught(rpc.client(Version).version({}, { signal }));
    expect(transport.calls).toHaveLength(1);
  });
});

describe('a write', () => {
  it('is never repeated: it may have been done', async () => {
    const transport = failing(1, 'dropped');
    const rpc = createRpc(transport, 'ci', [retryReads]);
    const error = await caught(rpc.client(Namespaces).create({ namespace: { name: 'n' } }));
    expect(error.reason).toBe('dropped');
    expect(transport.calls).toHaveLength(1);
  });
});
