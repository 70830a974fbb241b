import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { NamespaceCreateSchema } from '@ctrd/api/events';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Content } from '@ctrd/api/services/content/v1';
import { Events } from '@ctrd/api/services/events/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import {
  Connector,
  type CtrdError,
  ctrd,
  DefaultSnapshotter,
  definePlugin,
  hasCode,
  Leases,
  Rpc,
} from '@ctrd/core';
import { grpcConnector } from '@ctrd/core/grpc';
import { http2Connector } from '@ctrd/core/http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  daemon,
  importBusybox,
  leakOracle,
  namespaceOf,
  type PrivateDaemon,
  privateDaemon,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
const { address, line } = daemon();

/** Shows the parts that plugins work with. */
const inside = () =>
  definePlugin({
    name: 'inside',
    requires: [Rpc, Leases, DefaultSnapshotter],
    setup: (context) => ({
      members: {
        rpc: context.get(Rpc),
        leases: context.get(Leases),
        snapshotter: context.get(DefaultSnapshotter),
      },
    }),
  });

async function caught(promise: Promise<unknown>): Promise<CtrdError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (hasCode(error, 'unknown')) return error;
  if (error instanceof Error && 'code' in error) return error as CtrdError;
  throw error;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* each<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

const transports = [
  { over: 'grpc-js', connector: grpcConnector() },
  { over: 'node:http2', connector: http2Connector() },
];

describe.each(transports)('over $over,', ({ connector }) => {
  const builder = (options = {}) =>
    ctrd({ address, namespace, ...options }).provide(Connector, connector);
  const connect = (options = {}) => builder(options).use(inside()).connect();

  let client: Awaited<ReturnType<typeof connect>>;

  beforeAll(async () => {
    client = await connect();
  });
  afterAll(() => client.close());

  const signal = AbortSignal.timeout(600_000);

  describe('the daemon', () => {
    it('says its version, its identity and that it serves', async () => {
      const { version, revision } = await client.version();
      expect(version.replace(/^v/, '').startsWith(daemon().version)).toBe(true);
      expect(typeof revision).toBe('string');
      await client.health();
      const server = await client.server();
      expect(server.uuid).toMatch(/^[0-9a-f-]{36}$/);
      expect(await client.server()).toMatchObject({ uuid: server.uuid });
      if (line !== '1.6') expect(server.pid).toBeGreaterThan(1);
    });

    it('lists its plugins, all or some', async () => {
      const plugins = await client.plugins();
      expect(plugins.length).toBeGreaterThan(20);
      const [overlayfs, ...others] = await client.plugins({
        filters: ['type==io.containerd.snapshotter.v1,id==overlayfs'],
      });
      expect(others).toEqual([]);
      expect(overlayfs).toMatchObject({ id: 'overlayfs', platforms: ['linux/amd64'] });
      expect(overlayfs?.exports['root']).toContain(daemon().root);
      expect(await caught(client.plugins({ filters: ['type='] }))).toMatchObject({
        code: 'invalid-argument',
        operation: 'plugins',
      });
    });

    it('says what it can do', async () => {
      expect({
        transfer: await client.supports('transfer'),
        sandboxes: await client.supports('sandboxes'),
        pluginInfo: await client.supports('plugin-info'),
        mounts: await client.supports('mounts'),
      }).toEqual({
        transfer: line !== '1.6',
        sandboxes: line !== '1.6',
        pluginInfo: line === '2.1',
        mounts: false,
      });
      const unknown = await caught(client.supports('toString' as 'transfer'));
      expect(unknown).toMatchObject({ code: 'invalid-argument', field: 'feature' });
    });
  });

  describe('namespaces', () => {
    const name = `${namespace}-made`;

    it('are made, labelled, listed and deleted', async () => {
      const made = await client.createNamespace(name, { labels: { a: '1', b: '2' } });
      expect(made).toEqual({ name, labels: { a: '1', b: '2' } });
      const again = await caught(client.createNamespace(name));
      expect(again).toMatchObject({ code: 'already-exists', subject: name });
      const labelled = await client.labelNamespace(name, { labels: { b: '', 'x.y/z': '3' } });
      expect(labelled).toEqual({ name, labels: { a: '1', 'x.y/z': '3' } });
      expect(await client.getNamespace(name)).toEqual(labelled);
      expect(await client.listNamespaces()).toContainEqual(labelled);
      await client.deleteNamespace(name);
      expect(await caught(client.deleteNamespace(name))).toMatchObject({ code: 'not-found' });
      expect(await caught(client.getNamespace(name))).toMatchObject({ code: 'not-found' });
      const unknown = client.labelNamespace(name, { labels: { a: '1' } });
      expect(await caught(unknown)).toMatchObject({ code: 'not-found' });
      expect((await client.listNamespaces()).map((found) => found.name)).not.toContain(name);
    });

    it('are not deleted while something is in them', async () => {
      const other = await connect({ namespace: name });
      const containers = other.rpc.client(Containers);
      await containers.create({
        container: { id: 'c', runtime: { name: 'io.containerd.runc.v2' }, spec: { typeUrl: 'x' } },
      });
      expect(await caught(client.deleteNamespace(name))).toMatchObject({
        code: 'failed-precondition',
      });
      await containers.delete({ id: 'c' });
      await client.deleteNamespace(name);
      await other.close();
    });

    it('decide the default snapshotter by their label', async () => {
      expect(await client.snapshotter.name({ signal })).toBe('overlayfs');
      await client.createNamespace(name, {
        labels: { 'containerd.io/defaults/snapshotter': 'native' },
      });
      const labelled = await connect({ namespace: name });
      expect(await labelled.snapshotter.name({ signal })).toBe('native');
      await labelled.close();
      const chosen = await connect({ namespace: name, snapshotter: 'btrfs' });
      expect(await chosen.snapshotter.name({ signal })).toBe('btrfs');
      await chosen.close();
      await client.deleteNamespace(name);
    });
  });

  describe('leases', () => {
    it('are made, listed, filled and deleted', async () => {
      const id = await client.createLease({ labels: { owner: 'test' }, expiresInMs: 60_000 });
      const [lease, ...others] = await client.listLeases({ filters: ['labels.owner==test'] });
      expect(others).toEqual([]);
      expect(lease).toMatchObject({ id, labels: { owner: 'test' } });
      const expires = Date.parse(lease?.labels['containerd.io/gc.expire'] ?? '');
      expect(expires - (lease?.createdAt.getTime() ?? 0)).toBeGreaterThan(30_000);
      expect(expires - Date.now()).toBeLessThanOrEqual(60_000);
      expect(await caught(client.createLease({ id }))).toMatchObject({ code: 'already-exists' });
      const resource = { type: 'snapshots/overlayfs', id: 'none' };
      await client.leases.add(id, resource, { signal });
      expect(await client.listLeaseResources(id)).toEqual([resource]);
      await client.deleteLease(id, { sync: true });
      await client.deleteLease(id);
      expect(await client.listLeases({ filters: ['labels.owner==test'] })).toEqual([]);
    });

    it('end with their scope, unless they are kept', async () => {
      let ended = '';
      let kept = '';
      {
        await using lease = await client.leases.create({ signal });
        await using other = await client.leases
          .create({ signal, id: 'kept in/odd+name' })
          .catch(() => client.leases.create({ signal, id: 'kept/odd+name' }));
        other.keep();
        [ended, kept] = [lease.id, other.id];
        expect((await client.listLeases()).map(({ id }) => id)).toEqual(
          expect.arrayContaining([ended, kept]),
        );
      }
      const left = (await client.listLeases()).map(({ id }) => id);
      expect(left).toContain(kept);
      expect(left).not.toContain(ended);
      await client.deleteLease(kept);
    });

    it('hold what calls make under them', async () => {
      await using lease = await client.leases.create({ signal });
      const { write } = client.rpc.client(Content, { lease: lease.id });
      const data = Buffer.from(`held by ${lease.id}`);
      await all(
        write(each({ ref: 'held', data, offset: 0n, action: 2, total: BigInt(data.length) })),
      );
      const [held] = await client.leases.resources(lease.id, { signal });
      expect(held).toMatchObject({ type: 'content' });
    });

    it('fail the calls under one that does not exist', async () => {
      const { write } = client.rpc.client(Content, { lease: 'no-such-lease' });
      const data = Buffer.from('x');
      const error = await caught(
        all(write(each({ ref: 'unheld', data, offset: 0n, action: 2, total: 1n }))),
      );
      expect(error).toMatchObject({ code: 'not-found', reason: 'lease' });
    });
  });

  describe('events', () => {
    it('come decoded, of this namespace or of all', async () => {
      const stop = new AbortController();
      const own: string[] = [];
      const every: string[] = [];
      const watch = async (list: string[], options: { allNamespaces?: boolean }) => {
        for await (const event of client.events({ ...options, signal: stop.signal })) {
          if (event.kind === 'gap') continue;
          list.push(`${event.namespace} ${event.topic}`);
          if (event.kind === '/namespaces/create') list.push(`made ${event.payload.name}`);
        }
      };
      const watching = [caught(watch(own, {})), caught(watch(every, { allNamespaces: true }))];
      const events = client.rpc.client(Events);
      const publish = (namespace: string) =>
        client.rpc.client(Events, { namespace }).publish({
          topic: '/test/known',
          event: anyPack(NamespaceCreateSchema, create(NamespaceCreateSchema, { name: 'n' })),
        });
      expect(events).toBeDefined();
      // There is no word of when a subscription stands: publish until it is heard.
      await waitFor(async () => {
        await publish(namespace);
        await publish('elsewhere');
        return own.length > 0 && every.includes('elsewhere /test/known');
      });
      await client.createNamespace(`${namespace}-event`);
      await waitFor(() => every.includes(`made ${namespace}-event`));
      await client.deleteNamespace(`${namespace}-event`);
      expect(own.filter((entry) => entry.startsWith('elsewhere'))).toEqual([]);
      // 1.6 tells of a new namespace in the one of whoever made it.
      expect(own.includes(`made ${namespace}-event`)).toBe(line === '1.6');
      stop.abort();
      expect((await Promise.all(watching)).map(({ code }) => code)).toEqual(['aborted', 'aborted']);
    });

    it('keep the bytes of a payload that nobody knows, and are narrowed by filters', async () => {
      const event = { typeUrl: 'test.Unknown', value: new Uint8Array([1, 2, 3]) };
      const { publish } = client.rpc.client(Events);
      const stop = new AbortController();
      const first = (async () => {
        const filters = ['topic=="/test/other"', 'topic=="/test/unknown"'];
        for await (const seen of client.events({ filters, signal: stop.signal })) return seen;
        return undefined;
      })();
      let heard: Awaited<typeof first>;
      void first.then((seen) => {
        heard = seen;
      });
      await waitFor(async () => {
        await publish({ topic: '/test/known', event });
        await publish({ topic: '/test/unknown', event });
        return heard !== undefined;
      });
      expect(heard).toMatchObject({
        topic: '/test/unknown',
        type: 'test.Unknown',
        payload: undefined,
      });
      expect(heard?.kind === 'other' ? [...heard.bytes] : heard).toEqual([1, 2, 3]);
      expect(toBinary(NamespaceCreateSchema, create(NamespaceCreateSchema))).toHaveLength(0);
    });

    it('fail for a filter that the daemon does not understand', async () => {
      const error = await caught(all(client.events({ filters: ['topic==/tasks/exit'] })));
      expect(error).toMatchObject({ code: 'invalid-argument', operation: 'events' });
    });
  });

  describe('errors', () => {
    it('have the code and the words of the daemon', async () => {
      const error = await caught(client.rpc.client(Containers).get({ id: 'nobody' }));
      expect(error).toMatchObject({ code: 'not-found' });
      expect(error.message).toContain('nobody');
      const raw = client.rpc.client(Containers, { namespace: 'not a namespace' });
      expect((await caught(raw.list({}))).code).toBe('invalid-argument');
    });

    it('tell a reference that is locked from a daemon that is away', async () => {
      const { write } = client.rpc.client(Content);
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      async function* held() {
        yield { ref: 'locked', action: 1, data: Buffer.from('x'), total: 10n };
        await released;
      }
      const holder = write(held())[Symbol.asyncIterator]();
      await holder.next();
      const error = await caught(all(write(each({ ref: 'locked', action: 1, total: 10n }))));
      expect(error.code).toBe('lock-failed');
      release();
      await holder.return?.();
      await waitFor(async () => {
        await client.rpc.client(Content).abort({ ref: 'locked' });
        return true;
      });
    });

    it('say that a lease, a snapshotter, content is not there, or is wrong', async () => {
      const content = client.rpc.client(Content);
      const digest = `sha256:${'0'.repeat(64)}`;
      expect((await caught(content.info({ digest }))).code).toBe('not-found');
      expect((await caught(all(content.read({ digest })))).code).toBe('not-found');
      expect((await caught(content.info({ digest: 'x' }))).code).toBe('invalid-argument');
      const wrong = write(content, { ref: 'wrong', expected: digest, data: 'x' });
      expect((await caught(wrong)).code).toBe('failed-precondition');
    });
  });

  describe('a message', () => {
    const many = Array.from({ length: 6 }, (_, index) => `big-${index}`);

    it('may be larger than 4 MiB, and not than 16', async () => {
      const containers = client.rpc.client(Containers);
      const value = new Uint8Array(1 << 20).fill(0x20);
      for (const id of many) {
        await containers.create({
          container: {
            id,
            runtime: { name: 'io.containerd.runc.v2' },
            spec: { typeUrl: 'x', value },
          },
        });
      }
      const answer = await containers.list({ filters: ['id~=^big-'] });
      expect(answer.containers).toHaveLength(many.length);
      const huge = { typeUrl: 'x', value: new Uint8Array(17 << 20) };
      const error = await caught(containers.create({ container: { id: 'huge', spec: huge } }));
      expect(error.code).toBe('too-large');
      for (const id of Array.from({ length: 12 }, (_, index) => `more-${index}`)) {
        await containers.create({
          container: {
            id,
            runtime: { name: 'io.containerd.runc.v2' },
            spec: { typeUrl: 'x', value },
          },
        });
      }
      expect((await caught(containers.list({}))).code).toBe('too-large');
      expect(await all(containers.listStream({}))).toHaveLength(18);
      for await (const { container } of containers.listStream({})) {
        await containers.delete({ id: container?.id ?? '' });
      }
    });
  });

  describe('a task', () => {
    const id = 'states';

    it('says in which state a call is wrong', async () => {
      const image = await importBusybox(daemon(), namespace);
      const oracle = leakOracle(daemon(), namespace, { ids: [id] });
      const before = await oracle.count();
      const { ctr } = daemon();
      await ctr('-n', namespace, 'run', '--detach', '--null-io', image, id, 'sleep', '1000');
      const tasks = client.rpc.client(Tasks);
      const state = { code: 'failed-precondition', reason: 'state' };
      expect(await caught(tasks.start({ containerId: id }))).toMatchObject(state);
      expect(await caught(tasks.delete({ containerId: id }))).toMatchObject(state);
      expect(await caught(tasks.create({ containerId: id }))).toMatchObject({
        code: 'already-exists',
      });
      await tasks.pause({ containerId: id });
      expect(await caught(tasks.pause({ containerId: id }))).toMatchObject(state);
      await tasks.resume({ containerId: id });
      expect(await caught(tasks.resume({ containerId: id }))).toMatchObject(state);
      const none = await caught(tasks.wait({ containerId: id, execId: 'nobody' }));
      expect(none.code).toBe('not-found');
      await tasks.kill({ containerId: id, signal: 9 });
      await tasks.wait({ containerId: id });
      expect(await caught(tasks.kill({ containerId: id, signal: 9 }))).toMatchObject({
        code: 'not-found',
        reason: 'finished',
      });
      expect(await caught(tasks.resume({ containerId: id }))).toMatchObject(state);
      expect(await caught(tasks.pause({ containerId: id }))).toMatchObject(state);
      await tasks.delete({ containerId: id });
      expect(await caught(tasks.kill({ containerId: id, signal: 9 }))).toMatchObject({
        code: 'not-found',
        reason: undefined,
      });
      await ctr('-n', namespace, 'containers', 'delete', id);
      await oracle.expectNothingLeft(before);
    });
  });

  describe('a daemon that goes away', () => {
    let own: PrivateDaemon;

    beforeAll(async () => {
      own = await privateDaemon();
    });
    afterAll(() => own[Symbol.asyncDispose]());

    it('is told by its reason, and reached again when it is back', async () => {
      const other = await builder({ address: own.address }).connect();
      const watching = caught(all(other.events({ reconnect: false })));
      await other.version();
      await own.kill();
      expect(await watching).toMatchObject({ code: 'unavailable', reason: 'dropped' });
      // An attempt may have reached the socket in the moment of its end.
      await waitFor(async () => (await caught(other.version())).reason === 'refused');
      const refused = await caught(builder({ address: own.address }).connect());
      expect(refused).toMatchObject({
        code: 'unavailable',
        reason: 'refused',
        operation: 'connect',
      });
      await own.start();
      await waitFor(() => other.version());
      await own.stop();
      expect(await caught(builder({ address: own.address }).connect())).toMatchObject({
        code: 'unavailable',
        reason: 'missing',
        subject: own.address,
      });
      await own.start();
      await waitFor(() => other.version());
      await other.close();
    });

    it('is told from one that hangs', async () => {
      const other = await builder({ address: own.address }).connect();
      await own.freeze();
      expect((await caught(other.version({ timeoutMs: 300 }))).code).toBe('timeout');
      const hangs = builder({ address: own.address, connectTimeoutMs: 300 }).connect();
      expect(await caught(hangs)).toMatchObject({ code: 'unavailable', reason: 'unresponsive' });
      own.thaw();
      await other.version();
      await other.close();
    });
  });

  function write(
    content: ReturnType<typeof client.rpc.client<typeof Content>>,
    { ref, expected, data }: { ref: string; expected: string; data: string },
  ) {
    const bytes = Buffer.from(data);
    const total = BigInt(bytes.length);
    return all(content.write(each({ ref, expected, data: bytes, offset: 0n, action: 2, total })));
  }
});
