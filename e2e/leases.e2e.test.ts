import { setTimeout as sleep } from 'node:timers/promises';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Snapshots } from '@ctrd/api/services/snapshots/v1';
import { containers } from '@ctrd/containers';
import { CtrdError, ctrd, definePlugin, type Lease, Report, Rpc } from '@ctrd/core';
import { images } from '@ctrd/images';
import { snapshots } from '@ctrd/snapshots';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxName,
  daemon,
  importBusybox,
  isAlive,
  namespaceOf,
  waitFor,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);

const connect = (name = namespace) => {
  const { address, runtimeDir } = containerd;
  return ctrd({ address, namespace: name, runtimeDir })
    .use(images())
    .use(snapshots())
    .use(containers())
    .use(inside())
    .connect();
};

/** Shows the part that calls go through. */
const inside = () =>
  definePlugin({
    name: 'inside',
    requires: [Rpc],
    setup: (context) => ({ members: { rpc: context.get(Rpc) } }),
  });

const recordsOf = (rpc: Rpc, name: string) => rpc.client(Containers, { namespace: name });

let client: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  client = await connect();
});
afterAll(() => client.close());

/** Lets the daemon collect what nothing refers to. */
async function collect(): Promise<void> {
  await client.deleteLease(await client.createLease(), { sync: true });
}

async function isThere(key: string): Promise<boolean> {
  for await (const snapshot of client.walkSnapshots()) if (snapshot.key === key) return true;
  return false;
}

describe('a lease', () => {
  it('that nobody renews expires, and the daemon collects what it held', async () => {
    const lease = await client.createLease({ expiresInMs: 1000 });
    await client.createSnapshot('brief', { lease });
    await collect();
    expect(await isThere('brief')).toBe(true);
    await waitFor(
      async () => {
        await collect();
        return !(await isThere('brief'));
      },
      { what: 'the expired lease is collected' },
    );
    expect(await client.listLeases({ filters: [`id==${lease}`] })).toEqual([]);
  });

  it('that is held outlives its expiry with all that was made under it, and goes in the end', async () => {
    const expiresInMs = 5000;
    const lease = await client.holdLease({ expiresInMs, labels: { team: 'web' } });
    const ids = new Set<string>();
    const end = performance.now() + 1.4 * expiresInMs;
    let count = 0;
    for (; performance.now() < end; count += 1) {
      ids.add(lease.id);
      await client.createSnapshot(`held-${count}`, { lease: lease.id });
      await collect();
      await sleep(400);
    }
    expect(ids.size).toBeGreaterThan(2);
    for (let n = 0; n < count; n += 1) expect(await isThere(`held-${n}`)).toBe(true);
    const held = await client.listLeases({ filters: ['labels.team==web'] });
    expect(held.map(({ id }) => id)).toContain(lease.id);

    await lease[Symbol.asyncDispose]();
    await collect();
    for (let n = 0; n < count; n += 1) expect(await isThere(`held-${n}`)).toBe(false);
    expect(await client.listLeases({ filters: ['labels.team==web'] })).toEqual([]);
  });

  it('that cannot be renewed in time says that it is lost', async () => {
    let lease: Lease;
    const reported: string[] = [];
    {
      const short = await ctrd({ address: containerd.address, namespace })
        .provide(Report, ({ source }) => void reported.push(source))
        .connect();
      lease = await short.holdLease({ expiresInMs: 400 });
      // A closed client renews nothing.
      await short.close();
    }
    await waitFor(
      () => {
        try {
          return lease.id === '';
        } catch (error) {
          expect(error).toMatchObject({ code: 'lost', reason: 'lease' });
          return true;
        }
      },
      { what: 'the lease is lost' },
    );
    expect(reported).toEqual([]);
  });

  it('holds what it is told to, and refuses what cannot be held', async () => {
    const id = await client.createLease({ expiresInMs: 60_000 });
    await client.createSnapshot('added', { lease: id });
    const other = await client.createLease({ expiresInMs: 60_000 });
    const resource = { type: 'snapshots/overlayfs', id: 'added' };
    await client.addLeaseResource(other, { resource });
    expect(await client.listLeaseResources(other)).toEqual([resource]);
    await client.deleteLease(id, { sync: true });
    expect(await isThere('added')).toBe(true);
    await client.deleteLease(other, { sync: true });
    expect(await isThere('added')).toBe(false);
    await expect(client.addLeaseResource(other, { resource })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(
      client.addLeaseResource(other, { resource: { type: 'tasks', id: 'x' } }),
    ).rejects.toMatchObject({ code: 'invalid-argument', field: 'resource.type' });
  });
});

describe('a namespace', () => {
  it('is emptied in the right order, whatever runs in it, and deleted', async () => {
    const full = `${namespace}-full`;
    await importBusybox(containerd, full);
    const filled = await connect(full);
    for (const id of ['a', 'b']) {
      await filled.createContainer({ id, image: busyboxName, args: ['sleep', '1000'] });
    }
    await filled.createContainer({ id: 'c', image: busyboxName, args: ['true'], start: false });
    await filled.createSnapshot('base-draft');
    await filled.commitSnapshot('base-draft', { name: 'base' });
    await filled.createSnapshot('top', { parent: 'base' });
    await filled.createSnapshot('copied', { snapshotter: 'native' });
    await filled.createLease({ expiresInMs: 60_000 });
    const { pid } = await filled.createContainer({
      id: 'd',
      image: busyboxName,
      args: ['sleep', '1000'],
    });
    await filled.close();
    // Without its record, a task cannot be reached any more.
    await recordsOf(client.rpc, full).delete({ id: 'd' });
    expect(await isAlive(pid)).toBe(true);

    await expect(client.deleteNamespace(full)).rejects.toMatchObject({
      code: 'failed-precondition',
    });
    await client.purgeNamespace(full);
    expect((await client.listNamespaces()).map(({ name }) => name)).not.toContain(full);
    await waitFor(async () => !(await isAlive(pid)), { what: 'the last task ends' });
    expect(await containerd.ctr('--namespace', full, 'tasks', 'list', '-q')).toBe('');
    expect(await containerd.ctr('--namespace', full, 'content', 'list', '-q')).toBe('');
    expect(await containerd.ctr('--namespace', full, 'leases', 'list', '-q')).toBe('');
  });

  it('that is not there is not purged, nor one whose name cannot be', async () => {
    await expect(client.purgeNamespace('no-such')).rejects.toMatchObject({ code: 'not-found' });
    await expect(client.purgeNamespace('a/b')).rejects.toMatchObject({ field: 'namespace' });
  });

  it('that cannot be emptied loses all it can, and says what remains', async () => {
    const name = `${namespace}-rest`;
    const refusing = await ctrd({ address: containerd.address, namespace })
      .intercept({
        unary: (call, next) =>
          call.method === Snapshots.method.remove
            ? Promise.reject(new CtrdError('busy', { code: 'failed-precondition' }))
            : next(call),
      })
      .connect();
    await using other = await connect(name);
    await other.createSnapshot('rest');
    await other.createLease();
    await expect(refusing.purgeNamespace(name)).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'not-empty',
      message: `purgeNamespace ${name}: is not empty: overlayfs snapshot rest`,
    });
    expect(await other.listLeases()).toEqual([]);
    await refusing.close();
    await client.purgeNamespace(name);
  });
});
