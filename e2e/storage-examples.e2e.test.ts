import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DefaultClient, defaultClient } from '@ctrd/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, kept, tidy } from '../examples/storage/main.js';
import { busyboxName, daemon, importBusybox, namespaceOf } from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
let runtimeDir: string;
let client: DefaultClient;

beforeAll(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-storage-'));
  const { address } = containerd;
  client = await defaultClient({ address, namespace, runtimeDir }).connect();
  await importBusybox(containerd, namespace);
});
afterAll(async () => {
  await client.close();
  await rm(runtimeDir, { recursive: true });
});

describe('the examples of storage', () => {
  it('exchange files with a container', async () => {
    await using _job = await client.createContainer({
      ...{ id: 'notes', image: busyboxName, args: ['sleep', '1000'] },
    });
    expect(await exchange(client, 'notes', 'hello')).toBe('hello');
  });

  it('keep content under a lease, and no longer', async () => {
    expect(await kept(client, 'hello', async (text) => text.toUpperCase())).toBe('HELLO');
    await client.deleteLease(await client.createLease(), { sync: true });
    const found: number[] = [];
    for await (const { size } of client.listContent()) found.push(size);
    expect(found).not.toContain('hello'.length);
  });

  it('tidy up, and leave alone what is in use', async () => {
    await client.createSnapshot('mine');
    expect(await tidy(client)).toEqual([]);
    await client.removeSnapshot('mine');
  });
});
