import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { containers } from '@ctrd/containers';
import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { snapshots } from '@ctrd/snapshots';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  file,
  leakOracle,
  namespaceOf,
  type Remains,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
let runtimeDir: string;
let registry: DebianRegistry;
let client: Awaited<ReturnType<typeof connect>>;
let before: Remains;

const connect = () =>
  ctrd({ address: containerd.address, namespace, runtimeDir })
    .use(images({ registry: { credentials: () => undefined, hostsFolders: [], proxy: false } }))
    .use(snapshots())
    .use(containers())
    .connect();

beforeAll(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-storm-'));
  before = await oracle.count();
  registry = await debianRegistry();
  client = await connect();
});
afterAll(async () => {
  await client.close();
  await registry[Symbol.asyncDispose]();
  // Not before the connections to the registry are gone.
  await oracle.expectNothingLeft(before);
  await rm(runtimeDir, { recursive: true, force: true });
});

/** Another client makes the daemon collect garbage, one time after the other, until it is ended. */
async function collecting(): Promise<{ end(): Promise<number> }> {
  const other = await connect();
  let over = false;
  const rounds = (async () => {
    for (let count = 0; ; count += 1) {
      if (over) return count;
      await other.deleteLease(await other.createLease(), { sync: true });
    }
  })();
  return {
    async end() {
      over = true;
      const count = await rounds;
      await other.close();
      return count;
    },
  };
}

describe('a daemon that collects garbage all the time', () => {
  it('takes nothing of a pull, an unpack, a container, a commit; and all of it in the end', async () => {
    const storm = await collecting();
    const names: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const layers = Array.from({ length: 4 }, (_, n) => [file(`layer-${n}`, `${round} ${n}`)]);
      const name = `${registry.host}/storm:${round}`;
      await registry.seed(`storm:${round}`, await busyboxImage({ layers }));
      await client.pullImage(name);
      await client.unpackImage(name, { snapshotter: 'native' });
      const container = await client.createContainer({
        ...{ id: `storm-${round}`, image: name, args: ['sleep', '1000'] },
      });
      await container.run({ args: ['sh', '-c', 'cat /layer-* > /all'] });
      const committed = `${registry.host}/committed:${round}`;
      await client.commitImage(committed, { container: container.id });
      await container.destroy({ graceMs: 0 });
      names.push(name, committed);

      const again = await client.createContainer({
        ...{ id: `again-${round}`, image: committed, args: ['cat', '/all'] },
        stdio: { stdout: 'pipe' },
      });
      expect(await text(again.stdout)).toBe([0, 1, 2, 3].map((n) => `${round} ${n}`).join(''));
      await again.wait();
      await again.destroy();
    }
    for (const name of names) {
      const { problem } = await client.getImage(name);
      expect(problem).toBeUndefined();
      for await (const _ of client.listContent());
    }
    for await (const { digest } of client.listContent()) {
      // Read to the end, each is what its digest says.
      for await (const _ of client.readContent({ digest }));
    }
    expect(await storm.end()).toBeGreaterThan(0);

    for (const name of names) await client.removeImage(name, { sync: true });
    for await (const { digest } of client.listContent()) expect(digest).toBe('collected');
    for await (const { key } of client.walkSnapshots()) expect(key).toBe('collected');
    expect(await client.listLeases()).toEqual([]);
  });
});
