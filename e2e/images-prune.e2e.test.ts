import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DefaultClient, defaultClient } from '@ctrd/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  daemon,
  file,
  leakOracle,
  namespaceOf,
  ociArchive,
  waitFor,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);

const small = 'docker.io/library/prune:small';
const large = 'docker.io/library/prune:large';
const largeBytes = 3 << 20;

let folder: string;
let client: DefaultClient;
let archives: { small: Uint8Array; large: Uint8Array };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-prune-'));
  const { address } = containerd;
  client = await defaultClient({ address, namespace, runtimeDir: join(folder, 'run') }).connect();
  const layers = [[file('large', randomBytes(largeBytes))]];
  archives = {
    small: await ociArchive(await busyboxImage(), small),
    large: await ociArchive(await busyboxImage({ layers }), large),
  };
});

afterAll(async () => {
  await client.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  for (const { name } of await client.listImages()) await client.removeImage(name, { sync: true });
  for (const archive of [archives.small, archives.large]) {
    await client.importImage({ source: bytes(archive) });
  }
});

const names = async () => (await client.listImages()).map(({ name }) => name);

describe('what images take of the disk', () => {
  it('is told for each, and what only it has', async () => {
    const before = await oracle.count();
    const usage = await client.imageUsage();
    expect(usage.map(({ name }) => name)).toEqual([large, small]);
    const [big, little] = usage;
    const sizes = await Promise.all([large, small].map((name) => client.getImage(name)));
    expect(usage.map(({ content }) => content.total)).toEqual(
      sizes.map(({ details }) => details?.size),
    );
    expect(big?.content.unique).toBeGreaterThan(largeBytes);
    // All of the small one's layers are the large one's as well: manifest and config are not.
    expect(little?.content.unique).toBeLessThan(10_000);
    expect(little?.content.unique).toBeGreaterThan(0);
    expect(big?.snapshots.unique).toBeGreaterThanOrEqual(largeBytes);
    expect(little?.snapshots).toEqual({ total: expect.any(Number), unique: 0 });
    expect((big?.snapshots.total ?? 0) - (big?.snapshots.unique ?? 0)).toBe(
      little?.snapshots.total,
    );
    await client.tagImage(large, { name: 'prune:alias' });
    const shared = await client.imageUsage();
    expect(shared.map(({ content, snapshots }) => content.unique + snapshots.unique)).toEqual([
      ...[0, 0, little?.content.unique],
    ]);
    await client.removeImage('prune:alias');
    await oracle.expectNothingLeft(before);
  });

  it('is nothing of a snapshotter that the image is not unpacked to', async () => {
    const usage = await client.imageUsage({ snapshotter: 'native' });
    expect(usage.map(({ snapshots }) => snapshots)).toEqual([
      ...[
        { total: 0, unique: 0 },
        { total: 0, unique: 0 },
      ],
    ]);
  });

  it('has been made in steps', async () => {
    const steps = await client.imageHistory(large);
    expect(steps).toHaveLength(2);
    const { diffIds } = await client.getOciImage(large);
    expect(steps.map(({ diffId }) => diffId)).toEqual(diffIds);
    expect(steps[1]?.layer?.size).toBeGreaterThan(largeBytes);
  });
});

describe('a prune', () => {
  it('removes what no tag names, and with it what only that has', async () => {
    const { target } = await client.getImage(large);
    const digest = `docker.io/library/prune@${target.digest}`;
    await client.createImageReference(digest, { target });
    // A tag names the same content.
    expect(await client.pruneImages()).toEqual([]);
    await client.removeImage(large);
    expect(await client.pruneImages({ dryRun: true })).toEqual([
      { name: digest, digest: target.digest },
    ]);
    expect(await names()).toEqual([digest, small].sort());
    expect(await client.pruneImages()).toEqual([{ name: digest, digest: target.digest }]);
    expect(await names()).toEqual([small]);
    const blobs = await containerd.ctr('-n', namespace, 'content', 'ls', '-q');
    expect(blobs).not.toContain(target.digest);
  });

  it('leaves what containers use, by name or by their layers', async () => {
    const before = await oracle.count();
    const container = await client.createContainer({ id: 'user', image: small, start: false });
    await client.tagImage(small, { name: 'prune:alias' });
    const pruned = await client.pruneImages({ which: 'unused' });
    expect(pruned.map(({ name }) => name)).toEqual([large]);
    expect(await names()).toEqual(['docker.io/library/prune:alias', small].sort());
    // The name means something else now: the alias still has the container's layers.
    await client.importImage({ source: bytes(archives.large), name: small });
    expect(await client.pruneImages({ which: 'unused' })).toEqual([]);
    await container.destroy();
    expect(await client.pruneImages({ which: 'unused' })).toHaveLength(2);
    expect(await names()).toEqual([]);
    await oracle.expectNothingLeft(before);
  });

  it('goes by age and by filters', async () => {
    const none = await client.pruneImages({ which: 'unused', olderThanMs: 3_600_000 });
    expect(none).toEqual([]);
    const filtered = await client.pruneImages({ which: 'unused', filters: [`name==${large}`] });
    expect(filtered.map(({ name }) => name)).toEqual([large]);
    await waitFor(async () => (await client.getImage(small)).createdAt.getTime() < Date.now() - 50);
    expect(await client.pruneImages({ which: 'unused', olderThanMs: 50 })).toHaveLength(1);
  });

  it('removes broken images and those of others, and is refused what it does not know', async () => {
    await containerd.ctr(
      '-n',
      namespace,
      'content',
      'rm',
      (await client.getImage(large)).details?.id ?? '',
    );
    const pruned = await client.pruneImages({ which: 'unused' });
    expect(pruned.map(({ name }) => name).sort()).toEqual([large, small]);
    for (const [options, field] of [
      [{ which: 'all' }, 'which'],
      [{ olderThanMs: -1 }, 'olderThanMs'],
    ] as const) {
      await expect(client.pruneImages(options as never)).rejects.toMatchObject({
        ...{ code: 'invalid-argument', field },
      });
    }
  });
});

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}
