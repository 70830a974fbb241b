import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDescriptor } from '../../src/oci/descriptor.js';
import { parseImageConfig } from '../../src/oci/image-config.js';
import { layerHistory } from '../../src/oci/layer-history.js';
import { limits, type Manifest, parseDocument, parseJson } from '../../src/oci/manifest.js';
import { isForeignLayerType, isLayerType, mediaTypes } from '../../src/oci/media-types.js';
import { mutated } from '../support/mutated.js';

const digest = `sha256:${'a'.repeat(64)}`;
const blob = { mediaType: mediaTypes.ociLayerGzip, digest, size: 5 };
const bytes = (document: unknown) => Buffer.from(JSON.stringify(document));
const malformed = expect.objectContaining({ code: 'data-loss', reason: 'malformed' });
const manifest = (document: unknown, type: string = mediaTypes.ociManifest) =>
  parseDocument(bytes(document), type);

describe('a descriptor', () => {
  it('keeps what it knows and leaves out the rest', () => {
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7', features: ['x'] };
    const whole = { ...blob, platform, urls: ['https://example.com'], annotations: { a: 'b' } };
    expect(parseDescriptor({ ...whole, unknown: 1 }, 'it')).toEqual({
      ...whole,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
    });
  });

  it.each([
    [null],
    [[blob]],
    ['x'],
    [{ ...blob, digest: undefined }],
    [{ ...blob, digest: 'sha256:x' }],
    [{ ...blob, size: -1 }],
    [{ ...blob, size: 1.5 }],
    [{ ...blob, size: '5' }],
    [{ ...blob, size: 2 ** 53 }],
    [{ ...blob, mediaType: 'x'.repeat(256) }],
    [{ ...blob, annotations: { a: 1 } }],
    [{ ...blob, annotations: [] }],
    [{ ...blob, urls: 'https://example.com' }],
    [{ ...blob, platform: { os: 1 } }],
  ])('is not %j', (value) => {
    expect(() => parseDescriptor(value, 'it')).toThrow(malformed);
  });
});

describe('a manifest', () => {
  it('may lack what Go leaves out or writes as null', () => {
    expect(manifest({ schemaVersion: 2, config: blob, layers: null })).toEqual({
      ...{ kind: 'manifest', config: blob, layers: [], annotations: {} },
    });
    expect(manifest({ manifests: null }, mediaTypes.ociIndex)).toMatchObject({ manifests: [] });
  });

  it('is refused when it is an index as well, or the other way round', () => {
    expect(() => manifest({ config: blob, layers: [], manifests: [] })).toThrow(malformed);
    for (const both of [{ layers: [] }, { config: blob }]) {
      expect(() => manifest({ manifests: [], ...both }, mediaTypes.ociIndex)).toThrow(malformed);
    }
  });

  it('is refused when it says that it is something else than its descriptor says', () => {
    const said = { mediaType: mediaTypes.dockerManifest, config: blob, layers: [] };
    expect(() => manifest(said)).toThrow(malformed);
    expect(() => manifest({ config: blob }, 'text/html')).toThrow(malformed);
  });

  it.each([{ schemaVersion: 1 }, { fsLayers: [] }])('of schema 1 is not supported: %j', (old) => {
    expect(() => manifest(old)).toThrow(expect.objectContaining({ code: 'unimplemented' }));
  });

  it('has its limits', () => {
    const layers = Array.from({ length: limits.layers + 1 }, () => blob);
    const tooLarge = expect.objectContaining({ code: 'too-large' });
    expect(() => manifest({ config: blob, layers })).toThrow(tooLarge);
    const manifests = Array.from({ length: limits.children + 1 }, () => blob);
    expect(() => manifest({ manifests }, mediaTypes.ociIndex)).toThrow(tooLarge);
    expect(() => parseJson(Buffer.alloc(limits.documentBytes + 1, ' '), 'it')).toThrow(tooLarge);
  });

  it('is no manifest when it is not UTF-8, or not JSON', () => {
    for (const text of [Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from('{'), Buffer.alloc(0)]) {
      expect(() => parseJson(text, 'it')).toThrow(malformed);
    }
  });

  it('of any JSON is a manifest or one of the errors', () => {
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
    const parts = [{ ...blob, platform, urls: ['https://a.example'], annotations: { a: 'b' } }];
    const json = fc.oneof(
      fc.json(),
      mutated({ schemaVersion: 2, config: blob, layers: parts, annotations: { a: 'b' } }),
      mutated({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: parts }),
    );
    fc.assert(
      fc.property(json, fc.constantFrom(...Object.values(mediaTypes)), (json, type) => {
        try {
          parseDocument(Buffer.from(json), type);
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(?:data-loss|too-large|unimplemented)$/),
          });
        }
      }),
    );
  });
});

describe('a config', () => {
  it('is read with what is left out', () => {
    expect(parseImageConfig(bytes({}))).toEqual({
      platform: { os: 'linux', architecture: '' },
      ...{ created: undefined, author: undefined, diffIds: [], history: [] },
      config: {
        ...{ entrypoint: [], cmd: [], env: [], workingDir: '', user: '', stopSignal: '' },
        ...{ labels: {}, volumes: [] },
      },
    });
  });

  it.each([
    [{ config: [] }],
    [{ config: { Cmd: 'sh' } }],
    [{ config: { Env: [1] } }],
    [{ config: { Labels: { a: 1 } } }],
    [{ rootfs: { diff_ids: ['sha256:x'] } }],
    [{ history: {} }],
    [{ history: [1] }],
    [{ architecture: 5 }],
  ])('is not %j', (document) => {
    expect(() => parseImageConfig(bytes(document))).toThrow(malformed);
  });

  it('of any JSON is a config or the error', () => {
    const config = {
      ...{ Entrypoint: ['sh'], Cmd: ['-c'], Env: ['A=1'], WorkingDir: '/', User: 'me' },
      ...{ StopSignal: 'SIGTERM', Labels: { a: 'b' }, Volumes: { '/data': {} } },
    };
    const whole = {
      ...{ os: 'linux', architecture: 'arm', variant: 'v7', created: 'now', author: 'me', config },
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [{ created: 'now', created_by: 'sh', comment: 'no', empty_layer: true }],
    };
    fc.assert(
      fc.property(fc.oneof(fc.json(), mutated(whole)), (json) => {
        try {
          parseImageConfig(Buffer.from(json));
        } catch (error) {
          expect(error).toEqual(malformed);
        }
      }),
    );
  });
});

describe('the layers of a history', () => {
  const layer = (index: number) => ({ ...blob, digest: `sha256:${String(index).repeat(64)}` });
  const read = (steps: readonly (boolean | undefined)[], layers: number) => {
    const image = parseImageConfig(
      bytes({
        rootfs: { diff_ids: Array.from({ length: layers }, (_, at) => layer(at).digest) },
        history: steps.map((empty_layer, at) => ({ created_by: `step ${at}`, empty_layer })),
      }),
    );
    const list = Array.from({ length: layers }, (_, at) => layer(at));
    const made: Manifest = { kind: 'manifest', config: blob, layers: list, annotations: {} };
    return layerHistory(made, image).map((step) => [step.createdBy, step.layer?.digest[7]]);
  };

  it('are those of the steps that made one', () => {
    expect(read([false, true, undefined], 2)).toEqual([
      ...[
        ['step 0', '0'],
        ['step 1', undefined],
        ['step 2', '1'],
      ],
    ]);
  });

  it('come first when the history does not tell of them, and last are steps without', () => {
    expect(read([false], 3)).toEqual([
      [undefined, '0'],
      [undefined, '1'],
      ['step 0', '2'],
    ]);
    expect(read([false, false], 1)).toEqual([
      ['step 0', '0'],
      ['step 1', undefined],
    ]);
  });
});

describe('a media type', () => {
  it('is that of a layer, or not', () => {
    const { ociLayer, ociLayerZstd, dockerLayerGzip, ociConfig } = mediaTypes;
    const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    const vendor = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
    for (const type of [ociLayer, ociLayerZstd, dockerLayerGzip, foreign, vendor]) {
      expect(isLayerType(type)).toBe(true);
    }
    expect([foreign, vendor, ociLayer].map(isForeignLayerType)).toEqual([true, true, false]);
    for (const type of [ociConfig, `${ociLayer}+bzip2`, `x${ociLayer}`, '']) {
      expect(isLayerType(type)).toBe(false);
    }
  });
});
