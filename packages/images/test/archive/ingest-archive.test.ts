import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import zlib, { gzipSync } from 'node:zlib';
import { toCtrdError } from '@ctrd/core';
import fc from 'fast-check';
import { packTar } from 'modern-tar';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withoutDescriptors } from '../../../core/test/support/without-descriptors.js';
import { archiveEvidence } from '../../src/archive/archive-evidence.js';
import { archiveImages } from '../../src/archive/archive-images.js';
import { ingestArchive, notAnImage } from '../../src/archive/ingest-archive.js';
import { digestOf } from '../../src/oci/digest.js';
import { memoryContent } from '../support/memory-content.js';
import { mutated } from '../support/mutated.js';

type Files = Record<string, string | Uint8Array | { readonly to: string; readonly hard?: true }>;

const { signal } = new AbortController();
const place = { signal, lease: 'lease-1' };
let store = memoryContent();

beforeEach(() => {
  store = memoryContent();
});

function tarOf(files: Files | readonly [string, string | Uint8Array][]): Promise<Uint8Array> {
  const entries = Array.isArray(files) ? files : Object.entries(files as Files);
  return packTar(
    entries.map(([name, content]) => {
      if (typeof content === 'object' && 'to' in content) {
        const type = content.hard === true ? 'link' : 'symlink';
        return { header: { name, type, linkname: content.to, size: 0 } };
      }
      return { header: { name, type: 'file', size: content.length }, body: content };
    }),
  );
}

/** What the program makes of it. */
function zstd(bytes: Uint8Array, ...options: string[]): Buffer {
  return execFileSync('zstd', ['-cq', ...options], { input: bytes });
}

const nodeHasZstd = 'createZstdDecompress' in zlib;

/** A frame of zstd that says nothing. */
const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);

async function ingest(files: Parameters<typeof tarOf>[0], pack = (bytes: Uint8Array) => bytes) {
  const archive = pack(await tarOf(files));
  async function* source() {
    for (let at = 0; at < archive.length; at += 700) yield archive.subarray(at, at + 700);
  }
  return await ingestArchive(store.content, source(), place);
}

const layout = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };
const descriptor = (digest: string, annotations?: object) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  ...{ digest, size: 10, annotations },
});
const index = (...manifests: object[]) => JSON.stringify({ schemaVersion: 2, manifests });
const one = `sha256:${'1'.repeat(64)}`;
const two = `sha256:${'2'.repeat(64)}`;
const invalid = expect.objectContaining({ code: 'invalid-argument', field: 'source' });

describe('the files of an archive', () => {
  it('are in the store under their digests, the documents apart', async () => {
    const digest = digestOf('a blob');
    const archive = await ingest({
      ...layout,
      'index.json': index(descriptor(one)),
      [`blobs/${digest.replace(':', '/')}`]: 'a blob',
    });
    expect([...store.blobs.keys()]).toEqual([digest]);
    expect(store.refs).toEqual([`import-${digest}`]);
    expect(Buffer.from(archive.index ?? []).toString()).toContain(one);
  });

  it('are refused when they are not what their digest says', async () => {
    const name = `blobs/sha256/${'0'.repeat(64)}`;
    await expect(ingest({ [name]: 'a blob' })).rejects.toMatchObject({ code: 'data-loss' });
  });

  it('have refs of their own lease when their names are no digests', async () => {
    await ingest({ 'layer.tar': 'x', 'blobs/md5/00': 'y', 'blobs/sha256/short': 'z' });
    expect(store.refs.every((ref) => ref.startsWith('import-lease-1-'))).toBe(true);
  });

  it('are found through links, which lead nowhere but into the archive', async () => {
    const archive = await ingest({
      'a/layer.tar': 'content',
      'b/layer.tar': { to: '../a/layer.tar' },
      'c.tar': { to: 'b/layer.tar', hard: true },
      'out.tar': { to: '../../../../etc/passwd' },
      'absolute.tar': { to: '/etc/passwd' },
      'loop.tar': { to: 'pool.tar' },
      'pool.tar': { to: 'loop.tar' },
      'self.tar': { to: 'self.tar' },
    });
    for (const name of ['a/layer.tar', 'b/layer.tar', 'c.tar', './b/../a/layer.tar']) {
      expect(archive.file(name).digest).toBe(digestOf('content'));
    }
    for (const name of ['out.tar', 'absolute.tar', 'loop.tar', 'self.tar', 'none', '']) {
      expect(() => archive.file(name)).toThrow(invalid);
    }
  });

  it('of two of one name are the later one, as for tar', async () => {
    const archive = await ingest([
      ['x', 'first'],
      ['x', 'second'],
    ]);
    expect(archive.file('x').digest).toBe(digestOf('second'));
  });

  it('are not held in memory beyond what documents may have', async () => {
    const huge = Buffer.alloc((20 << 20) + 1, ' ');
    for (const name of ['index.json', 'manifest.json', 'oci-layout']) {
      await expect(ingest({ [name]: huge })).rejects.toMatchObject({ code: 'too-large' });
    }
  });

  it('tell how they are packed', async () => {
    const archive = await ingest({
      plain: 'x'.repeat(100),
      gzip: gzipSync('x'),
      zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]),
      bzip2: 'BZh91AY',
      xz: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
      short: 'x',
    });
    const names = ['plain', 'gzip', 'zstd', 'bzip2', 'xz', 'short'];
    expect(names.map((name) => archive.file(name).compression)).toEqual([
      ...[undefined, 'gzip', 'zstd', 'other', 'other', undefined],
    ]);
  });
});

describe('an archive', () => {
  it.each([
    ['gzip', gzipSync],
    ['zstd', zstd],
    ['zstd, with much effort', (bytes: Uint8Array) => zstd(bytes, '-19', '--check')],
  ])('may be packed by %s', async (_, pack) => {
    const content = randomBytes(3000);
    const archive = await ingest({ x: content }, pack);
    expect(archive.file('x').digest).toBe(digestOf(content));
  });

  describe.skipIf(nodeHasZstd)('in several frames of zstd, which Node itself does not read', () => {
    it.each([
      ['after a frame to skip', (bytes: Uint8Array) => Buffer.concat([skipped, zstd(bytes)])],
      [
        'cut anywhere',
        (bytes: Uint8Array) =>
          Buffer.concat([zstd(bytes.subarray(0, 900)), zstd(bytes.subarray(900))]),
      ],
    ])('is read: %s', async (_, pack) => {
      const content = randomBytes(3000);
      const archive = await ingest({ x: content }, pack);
      expect(archive.file('x').digest).toBe(digestOf(content));
    });

    it('is refused when the next is none', async () => {
      const pack = (bytes: Uint8Array) => Buffer.concat([zstd(bytes), bytes]);
      await expect(ingest({ x: randomBytes(2000) }, pack)).rejects.toEqual(invalid);
    });
  });

  it.each([
    ['gzip is cut off', (bytes: Uint8Array) => gzipSync(bytes).subarray(0, 60)],
    [
      'gzip is damaged',
      (bytes: Uint8Array) => Buffer.concat([gzipSync(bytes).subarray(0, 15), bytes]),
    ],
    ['zstd is cut off', (bytes: Uint8Array) => zstd(bytes).subarray(0, -20)],
    ['zstd is damaged', (bytes: Uint8Array) => zstd(bytes).fill(0xff, 40, 60)],
    ['zstd wants 2 GiB of memory', () => Buffer.from('28b52ffd00a80100006162', 'hex')],
    ['bzip2 is what no image uses', () => Buffer.from('BZh91AY&SY')],
  ])('is refused when its %s', async (_, pack) => {
    await expect(ingest({ x: randomBytes(2000) }, pack)).rejects.toEqual(invalid);
  });

  it('is not unpacked to more than its parts may have', async () => {
    const bomb = { 'index.json': Buffer.alloc(64 << 20, ' ') };
    for (const pack of [gzipSync, zstd]) {
      await expect(ingest(bomb, pack)).rejects.toMatchObject({ code: 'too-large' });
    }
  });

  it('ends with its source, when that fails', async () => {
    for (const pack of [gzipSync, zstd]) {
      const bytes = pack(await tarOf({ x: randomBytes(9000) }));
      async function* failing() {
        yield bytes.subarray(0, 5000);
        throw new RangeError('the disk is on fire');
      }
      const reading = ingestArchive(store.content, failing(), place);
      await expect(reading).rejects.toThrow(new RangeError('the disk is on fire'));
    }
  });

  it('ends with the signal, though its source does not', async () => {
    for (const pack of [gzipSync, zstd]) {
      const bytes = pack(await tarOf({ x: randomBytes(9000) }));
      const stop = new AbortController();
      async function* stuck() {
        yield bytes.subarray(0, 5000);
        stop.abort();
        await new Promise(() => {});
      }
      const options = { ...place, signal: stop.signal };
      await expect(ingestArchive(store.content, stuck(), options)).rejects.toSatisfy(
        (error) => toCtrdError(error).code === 'aborted',
      );
    }
  });

  it('packed by zstd needs a program where Node cannot (before 22.15)', async () => {
    const { PATH } = process.env;
    const bytes = zstd(await tarOf({ x: 'content' }));
    process.env['PATH'] = '/nowhere';
    try {
      const reading = ingest({}, () => bytes);
      if (nodeHasZstd) await reading;
      else await expect(reading).rejects.toMatchObject({ code: 'unimplemented' });
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  it.skipIf(nodeHasZstd)('packed by zstd is refused when no program can be started', async () => {
    const bytes = zstd(await tarOf({ x: 'content' }));
    await withoutDescriptors(() => expect(ingest({}, () => bytes)).rejects.toThrow('EMFILE'));
  });

  it('is closed when it is refused', async () => {
    const archives = [Buffer.from('BZh91AY&SY'), zstd(randomBytes(100)).fill(0xff, 5)];
    for (const bytes of archives) {
      let closed = false;
      async function* source() {
        try {
          yield bytes;
          yield bytes;
        } finally {
          closed = true;
        }
      }
      await expect(ingestArchive(store.content, source(), place)).rejects.toEqual(invalid);
      await vi.waitFor(() => expect(closed).toBe(true));
    }
  });

  it('is never read to anything but an error of this package', async () => {
    const packed = [gzipSync, zstd].map((pack) => pack(Buffer.alloc(1024, 'a tar, nearly. ')));
    const change = fc.tuple(fc.nat(200), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...packed),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (bytes, changes) => {
          const damaged = Buffer.from(bytes);
          for (const [at, value] of changes) damaged[at % damaged.length] = value;
          await expect(ingest({}, () => damaged)).rejects.toEqual(invalid);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([5, null, {}, [1]])('is neither a path nor bytes: %j', async (source) => {
    const reading = ingestArchive(store.content, source as never, place);
    await expect(reading).rejects.toMatchObject({ code: 'invalid-argument', field: 'source' });
  });
});

describe('the images of a layout', () => {
  const images = async (document: string, name?: string, files: Files = {}) =>
    archiveImages(await ingest({ ...layout, 'index.json': document, ...files }), name).map(
      ({ names, target }) => [...names, 'digest' in target ? target.digest : target.mediaType],
    );

  it('have the names that the layout gives them', async () => {
    const document = index(
      descriptor(one, { 'io.containerd.image.name': 'docker.io/library/a:1' }),
      descriptor(two, { 'org.opencontainers.image.ref.name': 'example.com/b:2' }),
      descriptor(two),
    );
    expect(await images(document)).toEqual([
      ['docker.io/library/a:1', one],
      ['example.com/b:2', two],
    ]);
  });

  it('are of the given repository when they have only tags', async () => {
    const document = index(
      descriptor(one, { 'org.opencontainers.image.ref.name': 'v1' }),
      descriptor(two, { 'org.opencontainers.image.ref.name': 'v2' }),
    );
    expect(await images(document, 'team/app')).toEqual([
      ['docker.io/team/app:v1', one],
      ['docker.io/team/app:v2', two],
    ]);
    await expect(images(document)).rejects.toEqual(invalid);
  });

  it('are one image of the given name, or its platforms', async () => {
    expect(await images(index(descriptor(one)), 'app:1')).toEqual([
      ['docker.io/library/app:1', one],
    ]);
    expect(await images(index(descriptor(one), descriptor(two)), 'app:1')).toEqual([
      ['docker.io/library/app:1', 'application/vnd.oci.image.index.v1+json'],
    ]);
  });

  it('are not the signatures beside them, which are evidence', async () => {
    const tag = `sha256-${'1'.repeat(64)}.sig`;
    const bytes = '{"a":"signature"}';
    const digest = digestOf(bytes);
    const files = { [`blobs/${digest.replace(':', '/')}`]: bytes };
    const signature = descriptor(digest, { 'org.opencontainers.image.ref.name': tag });
    const document = index(descriptor(one), signature);
    expect(await images(document, 'app:1', files)).toEqual([['docker.io/library/app:1', one]]);

    const archive = await ingest({ ...layout, 'index.json': document, ...files });
    const evidence = archiveEvidence(store.content, archive, 'docker.io/library/app:1', place);
    const found = await evidence.manifest(tag);
    expect(Buffer.from(found?.bytes ?? []).toString()).toBe(bytes);
    expect(await evidence.manifest('sha256-other.sig')).toBeUndefined();
  });

  it.each([
    ['of another version', { 'oci-layout': '{"imageLayoutVersion":"2"}', 'index.json': index() }],
    ['with an empty index', { ...layout, 'index.json': index() }],
    ['without names', { ...layout, 'index.json': index(descriptor(one)) }],
    ['without an index', layout],
    ['of nothing', {}],
  ])('are refused of a layout %s', async (_, files) => {
    const archive = await ingest(files as Files);
    expect(() => archiveImages(archive, undefined)).toThrow(invalid);
  });

  it.each([
    ['is no JSON', 'nonsense'],
    ['is a list', '[]'],
    ['has a digest of too few digits', index({ ...descriptor(one), digest: 'sha256:1' })],
    ['has a digest that is a path', index({ ...descriptor(one), digest: '../../x' })],
    ['has a negative size', index({ ...descriptor(one), size: -1 })],
    ['is a manifest as well', JSON.stringify({ manifests: [], layers: [], config: {} })],
  ])('are refused when the index %s', async (_, document) => {
    const archive = await ingest({ ...layout, 'index.json': document });
    expect(() => archiveImages(archive, 'a:1')).toThrow(
      expect.objectContaining({ code: 'data-loss', reason: 'malformed' }),
    );
  });

  it('are no more than an index may have', async () => {
    const many = index(...Array.from({ length: 1001 }, () => descriptor(one)));
    const archive = await ingest({ ...layout, 'index.json': many });
    expect(() => archiveImages(archive, 'a:1')).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });
});

describe('the images of a Docker archive', () => {
  const docker = async (manifest: unknown, files: Files = { 'c.json': '{}', 'l.tar': 'layer' }) =>
    await ingest({ ...files, 'manifest.json': JSON.stringify(manifest) });
  const image = { Config: 'c.json', RepoTags: ['app:1', 'app:2', 'app:1'], Layers: ['l.tar'] };

  it('get a manifest of what the archive names, by how each layer is packed', async () => {
    const archive = await docker([{ ...image, Layers: ['l.tar', 'z.tar'] }], {
      ...{ 'c.json': '{}', 'l.tar': 'layer', 'z.tar': gzipSync('layer') },
    });
    const [made, ...others] = archiveImages(archive, undefined);
    expect(others).toEqual([]);
    expect(made?.names).toEqual(['docker.io/library/app:1', 'docker.io/library/app:2']);
    const target = made?.target;
    if (target === undefined || 'digest' in target) throw new Error('it is a new document');
    const manifest = JSON.parse(Buffer.from(target.document).toString());
    expect(manifest.config.digest).toBe(digestOf('{}'));
    expect(manifest.layers.map(({ mediaType }: { mediaType: string }) => mediaType)).toEqual([
      'application/vnd.docker.image.rootfs.diff.tar',
      'application/vnd.docker.image.rootfs.diff.tar.gzip',
    ]);
  });

  it.each([
    ['lists nothing', []],
    ['is no list', {}],
    ['lacks a layer', [{ ...image, Layers: ['none.tar'] }]],
    ['lacks its config', [{ ...image, Config: '/etc/passwd' }]],
    ['has no names', [{ ...image, RepoTags: null }]],
    ['has too many layers', [{ ...image, Layers: Array.from({ length: 501 }, () => 'l.tar') }]],
  ])('are refused when the manifest %s', async (_, manifest) => {
    const archive = await docker(manifest);
    expect(() => archiveImages(archive, undefined)).toThrow(invalid);
  });
});

describe('the documents of an archive', () => {
  const text = (bytes: string) => Buffer.from(bytes);
  const file = (name: string) => {
    if (name !== 'c.json' && name !== 'l.tar') throw notAnImage('it lacks the file');
    return { digest: one, size: 5, compression: undefined };
  };
  const annotations = { 'org.opencontainers.image.ref.name': 'a:1' };
  const archives = fc.oneof(
    fc.record({
      layout: mutated({ imageLayoutVersion: '1.0.0' }).map(text),
      index: fc.constant(text(index(descriptor(one)))),
    }),
    fc.record({
      layout: fc.constant(text(layout['oci-layout'])),
      index: mutated({ schemaVersion: 2, manifests: [descriptor(one, annotations)] }).map(text),
    }),
    fc.record({
      manifest: mutated([{ Config: 'c.json', RepoTags: ['a:1'], Layers: ['l.tar'] }]).map(text),
    }),
  );

  it('of any JSON are images or one of the errors', () => {
    fc.assert(
      fc.property(archives, fc.constantFrom(undefined, 'a:1'), (documents, name) => {
        const nothing = { layout: undefined, index: undefined, manifest: undefined };
        try {
          archiveImages({ ...nothing, ...documents, file }, name);
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(?:invalid-argument|data-loss|unimplemented)$/),
          });
        }
      }),
      { numRuns: 300 },
    );
  });
});
