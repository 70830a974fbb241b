import { Containers } from '@ctrd/api/services/containers/v1';
import type { ContainerEvent } from '@ctrd/containers';
import { ctrd, type DaemonEvent, definePlugin, type EventGap, filters, Rpc } from '@ctrd/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceOf, waitFor } from '../support/index.js';
import { type Fixture, makeFixture, withClient } from './fixture.js';

let fixture: Fixture;
const namespace = namespaceOf(import.meta.url);

beforeAll(async () => {
  fixture = await makeFixture(namespace);
});

afterAll(() => fixture?.[Symbol.asyncDispose]());

const withRpc = () =>
  ctrd({ ...fixture.daemon, namespace })
    .use(
      definePlugin({ name: 'rpc', setup: (context) => ({ members: { rpc: context.get(Rpc) } }) }),
    )
    .connect();

describe('filters', () => {
  it('are read by the daemon as they were meant, whatever the value', async () => {
    const client = await withRpc();
    const containers = client.rpc.client(Containers);
    const field = ['labels', 'a.b/c-"d"'];
    // Labels are at most 4096 bytes; the daemon stores any text.
    const values = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), 40);
    const odd = ['"', '\\', '\\"', '\n', '\u007f', '\u2028', ',', '==', 'é', '😀', '|', '/', ' '];
    for (const value of [...values, ...odd]) {
      const container = { id: 'odd', labels: { 'a.b/c-"d"': value }, runtime: { name: 'r' } };
      const spec = { typeUrl: 'x', value: new Uint8Array([123, 125]) };
      await containers.create({ container: { ...container, spec } });
      const found = await containers.list({ filters: [filters.equals(field, value)] });
      const others = await containers.list({ filters: [filters.differs(field, value)] });
      expect([found.containers.length, others.containers.length], JSON.stringify(value)).toEqual([
        1, 0,
      ]);
      await containers.delete({ id: 'odd' });
    }
    await client.close();
  });
});

describe('events', { timeout: 120_000 }, () => {
  it('go on after a restart of the daemon, with a gap that says so', async () => {
    await withClient(fixture, async ({ client }) => {
      const seen: (DaemonEvent | EventGap)[] = [];
      const stop = new AbortController();
      const following = (async () => {
        const options = { filters: [filters.matches('topic', '^/namespaces/')] };
        for await (const event of client.events({
          ...options,
          signal: stop.signal,
          allNamespaces: true,
        })) {
          seen.push(event);
        }
      })();
      following.catch(() => {});
      await client.createNamespace(`${namespace}-1`);
      await waitFor(async () => {
        await client.labelNamespace(`${namespace}-1`, { labels: { n: String(Math.random()) } });
        return seen.some(({ kind }) => kind === '/namespaces/update');
      });
      await fixture.daemon.restart();
      await waitFor(() => seen.some(({ kind }) => kind === 'gap'));
      const gap = seen.findIndex(({ kind }) => kind === 'gap');
      expect(seen[gap]).toMatchObject({ cause: { code: 'unavailable', reason: 'dropped' } });
      // From the gap on nothing is missed: one event is enough.
      await client.deleteNamespace(`${namespace}-1`);
      await waitFor(() => seen.slice(gap).some(({ kind }) => kind === '/namespaces/delete'));
      expect(seen.filter(({ kind }) => kind === 'gap')).toHaveLength(1);
      stop.abort();
      await expect(following).rejects.toMatchObject({ code: 'aborted' });
    });
  });
});

describe('handlers of events', { timeout: 120_000 }, () => {
  it('hear of ends and of a lack of memory, once each, also after a restart of the daemon', async () => {
    await withClient(fixture, async ({ client }) => {
      const seen: ContainerEvent[] = [];
      using _hooks = client.setEventsHooks((event) => void seen.push(event));
      // There is no word of when a subscription stands: ends are made until one is heard.
      const runs = async (id: string, times: number) => {
        const job = await client.createContainer(fixture.sh(id, 'sleep 600', { stdio: 'null' }));
        await waitFor(async () => {
          const { exitCode } = await job.run({
            args: ['sh', '-c', 'exit 3'],
            execId: `e${times++}`,
          });
          expect(exitCode).toBe(3);
          return seen.some(
            ({ containerId, action }) => containerId === id && action === 'exec_die',
          );
        });
        await job.destroy({ graceMs: 0 });
        await waitFor(() =>
          seen.some(({ containerId, action }) => containerId === id && action === 'die'),
        );
      };
      await runs('before', 0);
      await fixture.daemon.restart();
      await waitFor(() =>
        client.version().then(
          () => true,
          () => false,
        ),
      );
      await runs('after', 100);
      for (const id of ['before', 'after']) {
        const own = seen.filter(({ containerId }) => containerId === id);
        expect(own.at(-1)).toMatchObject({ action: 'die', attributes: { exitCode: '137' } });
        expect(own[0]?.attributes).toEqual({ execId: expect.stringMatching(/^e/), exitCode: '3' });
        expect(new Set(own.map((event) => JSON.stringify(event))).size).toBe(own.length);
      }
      const memory = { limits: { memory: 16 * 1024 * 1024 }, stdio: 'null' } as const;
      const hog = await client.createContainer(fixture.sh('hog', 'tail /dev/zero', memory));
      expect(await hog.wait()).toMatchObject({ exitCode: 137, oomKilled: true });
      await waitFor(() =>
        seen.some(({ containerId, action }) => containerId === 'hog' && action === 'oom'),
      );
      await hog.destroy();
    });
  });
});
