import { beforeEach, describe, expect, it } from 'vitest';
import type { Descriptor } from '../../src/oci/descriptor.js';
import { mediaTypes } from '../../src/oci/media-types.js';
import { parsePlatform } from '../../src/oci/platform.js';
import { labelTree } from '../../src/store/complete-tree.js';
import { findManifest } from '../../src/store/image-tree.js';
import { walkTree } from '../../src/store/walk-tree.js';
import { contentGraph } from '../../src/usage/content-graph.js';
import { memoryContent } from '../support/memory-content.js';

const place = { signal: new AbortController().signal };
let store = memoryContent();
beforeEach(() => {
  store = memoryContent();
});

function put(mediaType: string, document: unknown, platform?: string): Descriptor {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const [os = '', architecture = ''] = platform?.split('/') ?? [];
  return {
    ...{ mediaType, digest: store.add(text), size: Buffer.byteLength(text) },
    ...(platform === undefined ? {} : { platform: { os, architecture } }),
  };
}

function image(name: string, platform: string) {
  const config = put(mediaTypes.ociConfig, { name });
  const layers = ['base', name].map((layer) => put(mediaTypes.ociLayer, layer));
  const manifest = put(mediaTypes.ociManifest, { schemaVersion: 2, config, layers }, platform);
  return { manifest, config, layers };
}

const indexOf = (...manifests: Descriptor[]) =>
  put(mediaTypes.ociIndex, { schemaVersion: 2, manifests });
const digests = (list: readonly { digest: string }[]) => list.map(({ digest }) => digest);

describe('the tree of an image', () => {
  it('is walked once, the children before their parents', async () => {
    const [amd, arm] = [image('amd', 'linux/amd64'), image('arm', 'linux/arm64')];
    const inner = indexOf(arm.manifest);
    const top = indexOf(amd.manifest, inner, amd.manifest);
    const { documents, blobs } = await walkTree(store.content, top, place);
    expect(digests(documents.map(({ descriptor }) => descriptor))).toEqual(
      digests([amd.manifest, arm.manifest, inner, top]),
    );
    const all = [amd.config, ...amd.layers, arm.config, arm.layers[1] as Descriptor];
    expect(digests(blobs)).toEqual(digests(all));
  });

  it('is walked to one manifest alone, past what is not there', async () => {
    const [amd, arm] = [image('amd', 'linux/amd64'), image('arm', 'linux/arm64')];
    const gone = { ...amd.manifest, digest: `sha256:${'0'.repeat(64)}` };
    const absent = { ...gone, mediaType: mediaTypes.ociIndex, digest: `sha256:${'1'.repeat(64)}` };
    const inner = indexOf(gone, arm.manifest);
    const top = indexOf(amd.manifest, absent, inner);
    const { documents, blobs } = await walkTree(store.content, top, place, arm.manifest);
    expect(digests(documents.map(({ descriptor }) => descriptor))).toEqual(
      digests([arm.manifest, inner, top]),
    );
    expect(digests(blobs)).toEqual(digests([arm.config, ...arm.layers]));
    await expect(walkTree(store.content, top, place)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is no deeper than indexes may be', async () => {
    let top = indexOf(image('a', 'linux/amd64').manifest);
    for (let depth = 0; depth < 8; depth++) top = indexOf(top);
    const tooLarge = { code: 'too-large' };
    await expect(walkTree(store.content, top, place)).rejects.toMatchObject(tooLarge);
    await expect(labelTree(store.content, top, place)).rejects.toMatchObject(tooLarge);
    const platform = parsePlatform('linux/amd64');
    await expect(findManifest(store.content, top, platform, place)).rejects.toMatchObject(tooLarge);
  });

  it('answers the best manifest that is there', async () => {
    const old = image('old', 'linux/386');
    const absent = { ...old.manifest, digest: `sha256:${'0'.repeat(64)}` };
    const wanted = { ...absent, platform: { os: 'linux', architecture: 'amd64' } };
    const top = indexOf(wanted, old.manifest);
    const find = (platform: string) =>
      findManifest(store.content, top, parsePlatform(platform), place);
    expect((await find('linux/amd64')).descriptor.digest).toBe(old.manifest.digest);
    await expect(find('linux/arm64')).rejects.toMatchObject({ reason: 'platform' });
  });
});

describe('the labels of a tree', () => {
  it('keep all that is there, as containerd writes them', async () => {
    const [amd, arm] = [image('amd', 'linux/amd64'), image('arm', 'linux/arm64')];
    store.blobs.delete(arm.manifest.digest);
    const top = indexOf(amd.manifest, arm.manifest);
    await labelTree(store.content, top, place);
    expect(store.blobs.get(top.digest)?.labels).toEqual({
      'containerd.io/gc.ref.content.m.0': amd.manifest.digest,
      'containerd.io/gc.ref.content.m.1': arm.manifest.digest,
    });
    expect(store.blobs.get(amd.manifest.digest)?.labels).toEqual({
      'containerd.io/gc.ref.content.config': amd.config.digest,
      'containerd.io/gc.ref.content.l.0': amd.layers[0]?.digest,
      'containerd.io/gc.ref.content.l.1': amd.layers[1]?.digest,
    });

    const list = async function* () {
      for (const [digest, { bytes, labels }] of store.blobs) {
        yield { digest, size: bytes.length, labels };
      }
    };
    const graph = await contentGraph(list(), 'overlayfs');
    const { blobs } = graph.reach(top.digest);
    expect([...blobs].sort()).toEqual(
      digests([top, amd.manifest, amd.config, ...amd.layers]).sort(),
    );
    expect(graph.size(arm.manifest.digest)).toBeUndefined();
  });

  it('lead to the snapshots of one snapshotter, and never around in circles', async () => {
    const list = async function* () {
      const ref = 'containerd.io/gc.ref';
      yield {
        ...{ digest: 'a', size: 1 },
        labels: {
          ...{ [`${ref}.content.0`]: 'b', [`${ref}.contents`]: 'c', other: 'd' },
          ...{ [`${ref}.snapshot.overlayfs`]: 'top', [`${ref}.snapshot.overlayfs/x`]: 'more' },
          ...{ [`${ref}.snapshot.overlayfs2`]: 'none', [`${ref}.snapshot.native`]: 'none' },
        },
      };
      yield { digest: 'b', size: 1, labels: { [`${ref}.content`]: 'a' } };
      for (const digest of ['c', 'd']) yield { digest, size: 1, labels: {} };
    };
    const { blobs, tops } = (await contentGraph(list(), 'overlayfs')).reach('a');
    expect([...blobs].sort()).toEqual(['a', 'b']);
    expect([...tops].sort()).toEqual(['more', 'top']);
  });
});
