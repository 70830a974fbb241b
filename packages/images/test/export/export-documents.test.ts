import { describe, expect, it } from 'vitest';
import {
  blobPath,
  dockerDocument,
  type ExportedImage,
  indexDocument,
} from '../../src/export/export-documents.js';
import type { Manifest } from '../../src/oci/manifest.js';

const digest = (digit: number) => `sha256:${String(digit).repeat(64)}`;
const blob = (digit: number) => ({ mediaType: 'm', digest: digest(digit), size: digit });
const manifest = (...layers: number[]): Manifest => ({
  ...{ kind: 'manifest', config: blob(1), layers: layers.map(blob), annotations: {} },
});
const image = (name: string, made: Manifest | undefined = manifest(2, 3)): ExportedImage => ({
  ...{ name, target: blob(9), manifest: made },
});
const read = (document: Uint8Array | undefined) =>
  JSON.parse(Buffer.from(document ?? []).toString());

describe('the index of an export', () => {
  it('names each image in full and by its tag', () => {
    const names = ['docker.io/library/a:1', `example.com/b@${digest(9)}`, 'Not A Reference'];
    const { manifests } = read(indexDocument(names.map((name) => image(name))));
    const name = 'io.containerd.image.name';
    expect(manifests.map(({ annotations }: { annotations: object }) => annotations)).toEqual([
      { [name]: names[0], 'org.opencontainers.image.ref.name': '1' },
      { [name]: names[1] },
      { [name]: names[2] },
    ]);
  });

  it('is the same in whatever order the daemon tells annotations', () => {
    const [one, two] = [
      { a: '1', b: '2' },
      { b: '2', a: '1' },
    ].map((annotations) =>
      indexDocument([{ ...image('a:1'), target: { ...blob(9), annotations } }]).toString(),
    );
    expect(one).toBe(two);
  });

  it('says nothing more of a target than its descriptor does', () => {
    const platform = { os: 'linux', architecture: 'arm64' };
    const [entry] = read(
      indexDocument([{ ...image('a:1'), target: { ...blob(9), platform } }]),
    ).manifests;
    expect(Object.keys(entry)).toEqual(['mediaType', 'digest', 'size', 'annotations']);
  });
});

describe("Docker's list of an export", () => {
  it('has one entry an image, with all its tags', () => {
    const images = ['docker.io/library/a:1', 'docker.io/team/a:2', `docker.io/a/a@${digest(9)}`];
    expect(read(dockerDocument(images.map((name) => image(name))))).toEqual([
      {
        Config: blobPath(digest(1)),
        RepoTags: ['docker.io/library/a:1', 'docker.io/team/a:2'],
        Layers: [blobPath(digest(2)), blobPath(digest(3))],
      },
    ]);
  });

  it('tells images of other layers apart, and leaves out what is none', () => {
    const images = [
      image('a:1'),
      image('b:1', manifest(2)),
      { ...image('c:1'), manifest: undefined },
    ];
    expect(read(dockerDocument(images))).toHaveLength(2);
    expect(dockerDocument([{ ...image('c:1'), manifest: undefined }])).toBeUndefined();
  });
});
