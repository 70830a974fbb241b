import type { Message } from '@bufbuild/protobuf';
import { Leases } from '@ctrd/api/services/leases/v1';
import { describe, expect, it } from 'vitest';
import { CtrdError } from '../../src/errors/index.js';
import { createRpc } from '../../src/rpc/create-rpc.js';
import { createDaemonLeases } from '../../src/services/daemon-leases.js';
import { caught } from '../support/caught.js';
import { fakeTransport } from '../support/fake-transport.js';

const { signal } = new AbortController();
const owner = { id: 'me', state: async () => 'alive' as const };

/** A daemon whose answers to a creation are lost. */
function losing() {
  const transport = fakeTransport(async ({ method }) => {
    if (method !== Leases.method.create) return {} as Message;
    throw new CtrdError('gone', { code: 'unavailable', reason: 'dropped' });
  });
  const leases = createDaemonLeases(createRpc(transport, 'ci', []), owner, () => {});
  return { leases, methods: () => transport.calls.map(({ method }) => method.name) };
}

describe('a lease whose creation lost its answer', () => {
  it('is given back: it may be there', async () => {
    const { leases, methods } = losing();
    expect(await caught(leases.create({ signal }))).toMatchObject({ reason: 'dropped' });
    expect(methods()).toEqual(['Create', 'Delete']);
  });

  it('stays when the caller named it: it may be what another has made before', async () => {
    const { leases, methods } = losing();
    expect(await caught(leases.create({ signal, id: 'mine' }))).toMatchObject({
      reason: 'dropped',
    });
    expect(methods()).toEqual(['Create']);
  });
});
