import fc from 'fast-check';
import { type TarEntry as Packed, packTar } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { tarEntries } from '../../src/archive/tar-entries.js';
import { tarStream } from '../../src/export/tar-stream.js';

type Header = Packed['header'];

const entry = (header: Partial<Header> & { name: string }, body = ''): Packed => ({
  header: { size: body.length, type: 'file', mtime: new Date(0), ...header },
  ...(body === '' ? {} : { body }),
});

/** The bytes in pieces of a size, so that headers and bodies are cut anywhere. */
async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(archive: AsyncIterable<Uint8Array>) {
  const found: { name: string; kind: string; target: string; text: string }[] = [];
  for await (const { name, kind, target, body } of tarEntries(archive)) {
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    found.push({ name, kind, target, text: Buffer.concat(parts).toString() });
  }
  return found;
}

const three = () =>
  packTar([
    entry({ name: 'a' }, 'first'),
    entry({ name: 'b' }, 'x'.repeat(3000)),
    entry({ name: 'c' }),
  ]);

describe('the entries of a tar', () => {
  it('come in order with their bodies, however the bytes are cut', async () => {
    const archive = await three();
    for (const size of [1, 7, 511, 512, 513, 100_000]) {
      const found = await read(pieces(archive, size));
      expect(found.map(({ name, text }) => [name, text.length])).toEqual([
        ...[
          ['a', 5],
          ['b', 3000],
          ['c', 0],
        ],
      ]);
    }
  });

  it('are passed over when nobody reads their bodies', async () => {
    const names: string[] = [];
    for await (const { name } of tarEntries(pieces(await three()))) names.push(name);
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('have names that are only looked up, never paths of this machine', async () => {
    const links = [
      entry({ name: './blobs/sha256/x' }, 'x'),
      entry({ name: '/etc/passwd' }, 'x'),
      entry({ name: '../../etc/shadow' }, 'x'),
      entry({ name: 'a/link', type: 'symlink', linkname: '../b' }),
      entry({ name: 'a/out', type: 'symlink', linkname: '../../../etc/passwd' }),
      entry({ name: 'hard', type: 'link', linkname: 'b' }),
      entry({ name: 'device', type: 'character-device' }),
      entry({ name: 'folder/', type: 'directory' }),
    ];
    const found = await read(pieces(await packTar(links)));
    expect(
      found.map(({ name, kind, target }) => [name, kind, kind === 'link' ? target : '']),
    ).toEqual([
      ['blobs/sha256/x', 'file', ''],
      ['etc/passwd', 'file', ''],
      ['../../etc/shadow', 'file', ''],
      ['a/link', 'link', 'b'],
      ['a/out', 'link', '../../etc/passwd'],
      ['hard', 'link', 'b'],
      ['device', 'other', ''],
      ['folder/', 'other', ''],
    ]);
  });

  it('end with an error wherever the archive is cut off in an entry', async () => {
    const archive = await three();
    // Of the last entry only its header is left: what is cut there is its padding, or nothing.
    const end = 512 + 512 + 512 + 3072 + 512;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: end - 1 }), async (length) => {
        const found = read(pieces(archive.subarray(0, length)));
        if (length % 512 !== 0) {
          await expect(found).rejects.toMatchObject({ code: 'invalid-argument', field: 'source' });
        } else {
          // Between two entries it may be taken for the end.
          const names = await found.then((all) => all.map(({ name }) => name).join(''), hasField);
          expect(['', 'a', 'ab', 'source']).toContain(names);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are never read to anything but an error of this package', async () => {
    const archive = await three();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (changes) => {
          const damaged = Uint8Array.from(archive);
          for (const [at, value] of changes) damaged[at] = value;
          await read(pieces(damaged)).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'invalid-argument', field: 'source' });
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are no tar for bytes of another kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 513, maxLength: 2000 }), async (bytes) => {
        // Blocks of zeros are how a tar ends.
        fc.pre(bytes.subarray(0, 512).some((byte) => byte !== 0));
        await expect(read(pieces(bytes))).rejects.toMatchObject({ code: 'invalid-argument' });
      }),
      { numRuns: 50 },
    );
  });

  it('pass on the failure of the source', async () => {
    const archive = await three();
    async function* failing() {
      yield archive.subarray(0, 700);
      throw new RangeError('the disk is on fire');
    }
    await expect(read(failing())).rejects.toThrow(new RangeError('the disk is on fire'));
  });

  it('give up the source when the reader stops', async () => {
    let stopped = false;
    async function* source() {
      try {
        yield* pieces(await three(), 512);
        // Without an end, unless somebody ends it.
        for (;;) yield new Uint8Array(512).fill(1);
      } finally {
        stopped = true;
      }
    }
    for await (const { name } of tarEntries(source())) if (name === 'a') break;
    expect(stopped).toBe(true);
  });
});

describe('a tar that is written', () => {
  const items = [
    { name: 'folder/', size: 0, body: [] },
    { name: 'folder/a', size: 5, body: [Buffer.from('hel'), Buffer.from('lo')] },
    { name: `long/${'x'.repeat(200)}`, size: 1, body: [Buffer.from('y')] },
  ];

  it('is read as what it was', async () => {
    const found = await read(tarStream(items));
    expect(found.map(({ name, kind, text }) => [name.slice(0, 10), kind, text])).toEqual([
      ['folder/', 'other', ''],
      ['folder/a', 'file', 'hello'],
      ['long/xxxxx', 'file', 'y'],
    ]);
  });

  it.each([
    ['too short', [Buffer.from('hi')]],
    ['too long', [Buffer.from('hello, world')]],
  ])('fails when a body is %s', async (_, body) => {
    await expect(read(tarStream([{ name: 'a', size: 5, body }]))).rejects.toThrow();
  });

  it('passes on the failure of a body, and opens no further one', async () => {
    let opened = 0;
    const failing = {
      async *[Symbol.asyncIterator]() {
        opened += 1;
        yield Buffer.from('h');
        throw new RangeError('no more');
      },
    };
    const list = [1, 2].map((n) => ({ name: String(n), size: 5, body: failing }));
    await expect(read(tarStream(list))).rejects.toThrow('no more');
    expect(opened).toBe(1);
  });

  it('gives up the body that is being read when the reader stops', async () => {
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield Buffer.alloc(1 << 20);
      } finally {
        closed = true;
      }
    }
    for await (const _ of tarStream([{ name: 'a', size: 1 << 30, body: endless() }])) break;
    expect(closed).toBe(true);
  });
});

const hasField = ({ field }: { field: string }) => field;
