import { ctrd } from '@ctrd/core';
import { images, type PullProgress } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  type DebianRegistry,
  daemon,
  debianRegistry,
  file,
  leakOracle,
  namespaceOf,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const nobody = () => undefined;
const connect = () =>
  ctrd({ address: containerd.address, namespace })
    .use(images({ registry: { credentials: nobody, hostsFolders: [], proxy: false } }))
    .connect();

let registry: DebianRegistry;
let image: Awaited<ReturnType<typeof busyboxImage>>;
let name = '';

beforeAll(async () => {
  registry = await debianRegistry();
  image = await busyboxImage({
    layers: [[file('etc/hostname', 'second\n')], [file('third', 'third\n', { mode: 0o4755 })]],
  });
  await registry.seed('box:1', image);
  name = `${registry.host}/box:1`;
});

afterAll(() => registry?.[Symbol.asyncDispose]());

describe('pullImage', () => {
  it('pulls, unpacks and names an image, and is like what ctr pulls', async () => {
    await using client = await connect();
    const before = await oracle.count();
    const events: PullProgress[] = [];
    const info = await client.pullImage(name, { onProgress: (event) => events.push(event) });
    expect(info).toMatchObject({
      name,
      problem: undefined,
      target: { digest: image.manifest.digest },
      details: { id: image.config.digest },
    });
    const ours = await containerd.ctr('-n', namespace, 'images', 'check');
    expect(ours).toMatch(/complete \(4\/4\)/);
    console.log(
      ours,
      events
        .map(({ ref, status, offset, total }) => `${ref.slice(0, 20)} ${status} ${offset}/${total}`)
        .join('\n'),
    );
    await client.removeImage(name, { sync: true });
    await oracle.expectNothingLeft(before);
  });
});
