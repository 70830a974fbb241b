import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ctrd } from '@ctrd/core';
import { type ContentSource, images } from '@ctrd/images';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  daemon,
  leakOracle,
  namespaceOf,
  type PrivateDaemon,
  privateDaemon,
  type Remains,
  waitFor,
} from './support/index.js';

// What containerd's own suite (core/content/testsuite) demands of a content store, through our API.

const namespace = namespaceOf(import.meta.url);
const other = `${namespace}-2`;
const oracle = leakOracle(daemon(), namespace);

type Client = Awaited<ReturnType<typeof connect>>;
let client: Client;
let second: Client;
let before: Remains;

const connect = (name: string, address = daemon().address) =>
  ctrd({ address, namespace: name }).use(images()).connect();

beforeAll(async () => {
  client = await connect(namespace);
  second = await connect(other);
  before = await oracle.count();
});
afterAll(async () => {
  await oracle.expectNothingLeft(before);
  await client.close();
  await second.close();
});

const MiB = 1 << 20;
const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function blob(size: number): { bytes: Buffer; digest: string } {
  const bytes = randomBytes(size);
  return { bytes, digest: digestOf(bytes) };
}

async function read(from: Client, digest: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of from.readContent({ digest })) parts.push(part);
  return Buffer.concat(parts);
}

/** Compares by itself: the test runner would look at each byte. */
async function expectContent(from: Client, digest: string, bytes: Buffer): Promise<void> {
  expect((await read(from, digest)).equals(bytes)).toBe(true);
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

/**
 * Writes the first bytes of a blob and breaks off; answers how many the daemon has. Whole MiB have
 * arrived by then; the rest was sent in one message, which has arrived or not.
 */
async function breakOff(ref: string, bytes: Buffer, digest: string, limit: number) {
  const sent = Math.floor(limit / MiB) * MiB;
  let arrived = () => {};
  const there = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  async function* source() {
    yield bytes.subarray(0, limit);
    await there;
    throw new Error('broken off');
  }
  const writing = client.writeContent({
    ...{ ref, digest, size: bytes.length, source: source() },
    onOffset: (offset) => (offset === sent ? arrived() : undefined),
  });
  await expect(writing).rejects.toThrow('broken off');
  const { offset } = await client.contentStatus(ref);
  expect([sent, limit]).toContain(offset);
  return offset;
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'ctrd-content-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function removeAll(from: Client): Promise<void> {
  for (const { ref } of await from.listIngests()) await from.abortContent(ref);
  for await (const { digest } of from.listContent()) await from.deleteContent(digest);
}

afterEach(async () => {
  await removeAll(client);
  await removeAll(second);
});

describe('the content store', () => {
  it('takes content whether its size and digest are known or not (Writer)', async () => {
    const labels = { 'containerd.io/gc.root': new Date().toISOString() };
    const [a, b, c, d, e] = [blob(256), blob(256), blob(256), blob(256), blob(4 * MiB)];
    for (const [index, [{ bytes, digest }, known]] of [
      [a, {}] as const,
      [b, { size: b.bytes.length }] as const,
      [c, { digest: c.digest }] as const,
      [d, { size: d.bytes.length, digest: d.digest }] as const,
      [e, { size: e.bytes.length, digest: e.digest }] as const,
    ].entries()) {
      const source = pieces(bytes, bytes.length > MiB ? 32 * 1024 : 32);
      const written = await client.writeContent({ ref: `c${index}`, source, labels, ...known });
      expect(written).toEqual({ digest, size: bytes.length, existed: false });
      expect(await client.contentInfo(digest)).toMatchObject({
        digest,
        size: bytes.length,
        labels,
      });
      await expectContent(client, digest, bytes);
    }
  });

  it('says how far a write has come (UpdateStatus)', async () => {
    const { bytes, digest } = blob(3 * MiB);
    const started = Date.now();
    const seen: number[] = [];
    async function* source() {
      for (let at = 0; at < bytes.length; at += MiB) {
        yield bytes.subarray(at, at + MiB);
        const status = await waitFor(
          async () => {
            const now = await client.contentStatus('watched');
            return now.offset === at + MiB ? now : false;
          },
          { what: `the status tells of ${at + MiB} bytes` },
        );
        expect(status).toMatchObject({ ref: 'watched', total: bytes.length });
        expect(status.startedAt.getTime()).toBeGreaterThanOrEqual(started - 1000);
        expect(status.updatedAt.getTime()).toBeGreaterThanOrEqual(status.startedAt.getTime());
        expect(await client.listIngests({ filters: ['ref==watched'] })).toHaveLength(1);
        seen.push(status.offset);
      }
    }
    const size = bytes.length;
    await client.writeContent({ ref: 'watched', digest, size, source: source() });
    expect(seen).toEqual([MiB, 2 * MiB, 3 * MiB]);
    await expect(client.contentStatus('watched')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('has what is there already (CommitExists)', async () => {
    const { bytes, digest } = blob(256);
    await client.writeContent({ ref: 'first', source: bytes, digest });
    for (const known of [{ digest }, {}]) {
      const written = await client.writeContent({ ref: 'again', source: bytes, ...known });
      expect(written).toEqual({ digest, size: 256, existed: true });
    }
    expect(await client.listIngests()).toEqual([]);
  });

  it('goes on with what was broken off (Resume)', async () => {
    const { bytes, digest } = blob(2 * MiB);
    await breakOff('cb', bytes, digest, MiB);
    const offsets: number[] = [];
    const written = await client.writeContent({
      ...{ ref: 'cb', digest, size: bytes.length },
      source(offset) {
        offsets.push(offset);
        return pieces(bytes.subarray(offset), 1000);
      },
    });
    expect(offsets).toEqual([MiB]);
    expect(written).toMatchObject({ digest, size: bytes.length });
    await expectContent(client, digest, bytes);
  });

  it.each([
    ['from the beginning (ResumeTruncate)', 'unnamed'],
    ['with the rest (ResumeDiscard)', 'rest'],
    ['from a stream of all of it (ResumeCopy)', 'stream'],
    ['from a file (ResumeCopySeeker)', 'file'],
    ['from bytes (ResumeCopyReaderAt)', 'bytes'],
  ])('goes on %s, wherever it was broken off', async (_name, way) => {
    await using folder = await temporaryFolder();
    const sizes = [500, 50_000, 2 * MiB + 7];
    const cases = sizes.flatMap((size) => [0, 0.1, 0.5, 0.9, 1].map((part) => ({ size, part })));
    for (const [index, { size, part }] of cases.entries()) {
      const { bytes, digest } = blob(size);
      const ref = `resumed-${index}`;
      const offset = await breakOff(ref, bytes, digest, Math.floor(size * part));
      const file = join(folder.path, 'content');
      await writeFile(file, bytes);
      const from: number[] = [];
      const sources: Record<string, ContentSource> = {
        unnamed: pieces(bytes, 1024),
        rest(start) {
          from.push(start);
          return pieces(bytes.subarray(start), 1024);
        },
        stream: pieces(bytes, 1000),
        file: (start) => createReadStream(file, { start }),
        bytes,
      };
      const named = way === 'unnamed' ? {} : { digest };
      const source = sources[way] ?? bytes;
      const written = await client.writeContent({ ref, size, source, ...named });
      expect(written).toMatchObject({ digest, size, existed: false });
      // Of what is there in whole, nothing is asked for.
      if (way === 'rest') expect(from).toEqual(offset === size ? [] : [offset]);
      await expectContent(client, digest, bytes);
    }
  });

  it('reads a blob that is smaller than any buffer, and an empty one (SmallBlob)', async () => {
    const bytes = Buffer.from('foobar');
    const { digest } = await client.writeContent({ ref: 'small', source: bytes, size: 6 });
    await expectContent(client, digest, bytes);
    const empty = await client.writeContent({ ref: 'empty', source: Buffer.alloc(0) });
    expect(empty).toMatchObject({ digest: digestOf(Buffer.alloc(0)), size: 0 });
    expect(await read(client, empty.digest)).toHaveLength(0);
  });

  it('changes labels and the time of the change, nothing else (Labels)', async () => {
    const root = { 'containerd.io/gc.root': new Date().toISOString() };
    const labels = { k1: 'v1', k2: 'v2', ...root };
    const { digest } = await client.writeContent({ ref: 'l', source: blob(256).bytes, labels });
    const made = await client.contentInfo(digest);
    expect(made.labels).toEqual(labels);
    const changed = await client.labelContent(digest, {
      labels: { k1: 'newvalue', k2: '', k3: 'v3' },
    });
    expect(changed.labels).toEqual({ k1: 'newvalue', k3: 'v3', ...root });
    expect(changed.createdAt).toEqual(made.createdAt);
    expect(changed.updatedAt.getTime()).toBeGreaterThan(made.updatedAt.getTime());
    const back = await client.labelContent(digest, { labels: { k1: 'v1', k3: '' } });
    expect(back.labels).toEqual({ k1: 'v1', ...root });
    expect(await client.contentInfo(digest)).toEqual(back);
  });

  it('refuses a commit of what it should not be, and the ref is free then (CommitErrorState)', async () => {
    const { bytes, digest } = blob(256);
    const more = Buffer.concat([bytes, Buffer.from('more')]);
    const ref = 'states';
    await client.writeContent({ ref: 'c1', source: bytes, digest });

    // While somebody writes, the ref is locked.
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow() {
      yield bytes;
      await held;
    }
    const writing = client.writeContent({ ref, source: slow() });
    await waitFor(async () => (await client.listIngests()).length === 1, { what: 'it is written' });
    await expect(
      client.writeContent({ ref, source: more, lockTimeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'lock-failed' });
    release();
    expect(await writing).toEqual({ digest, size: 256, existed: true });

    const wrong = { code: 'data-loss', operation: 'writeContent', subject: blob(1).digest };
    const wrongDigest = client.writeContent({ ref, source: more, digest: wrong.subject });
    await expect(wrongDigest).rejects.toMatchObject({ ...wrong, reason: 'digest' });
    for (const size of [256, 300]) {
      const wrongSize = client.writeContent({ ref, source: more, size });
      await expect(wrongSize).rejects.toMatchObject({ code: 'data-loss', reason: 'size' });
    }
    await expect(client.contentStatus(ref)).rejects.toMatchObject({ code: 'not-found' });
    expect(await client.writeContent({ ref, source: more, size: 260 })).toMatchObject({
      digest: digestOf(more),
      existed: false,
    });
    expect(await client.writeContent({ ref, source: bytes, digest })).toMatchObject({
      existed: true,
    });
    await client.abortContent(ref);
    expect(await client.listIngests()).toEqual([]);
  });

  it('appends to what another namespace shares (CrossNamespaceAppend)', async () => {
    const { bytes, digest } = blob(2 * MiB);
    await client.writeContent({ ref: 'ref', source: bytes, digest, size: bytes.length });
    const longer = Buffer.concat([bytes, Buffer.from('appended bytes')]);
    const written = await second.writeContent({
      ...{ ref: 'ref', source: longer, digest: digestOf(longer), size: longer.length },
    });
    expect(written).toMatchObject({ existed: false, size: longer.length });
    await expectContent(client, digest, bytes);
    await expectContent(second, written.digest, longer);
    await expect(second.contentInfo(digest)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('takes over what another namespace has, without its bytes (CrossNamespaceShare)', async () => {
    const { bytes, digest } = blob(1000);
    await client.writeContent({ ref: 'ref', source: bytes, digest, size: bytes.length });
    const written = await second.writeContent({
      ...{ ref: 'ref', digest, size: bytes.length },
      source: () => {
        throw new Error('nobody needs the bytes');
      },
    });
    expect(written).toMatchObject({ digest, size: 1000 });
    await expectContent(second, digest, bytes);
    await client.deleteContent(digest);
    await expectContent(second, digest, bytes);
  });

  it('fails the read of a blob that was damaged on the disk, at its end', async () => {
    await using own = await privateDaemon();
    await using reader = await connect(namespace, own.address);
    const { bytes, digest } = blob(2 * MiB);
    await reader.writeContent({ ref: 'damaged', source: bytes, digest });
    const folder = join(own.root, 'io.containerd.content.v1.content/blobs/sha256');
    expect(await readdir(folder)).toEqual([digest.slice('sha256:'.length)]);
    bytes[MiB] = (bytes[MiB] ?? 0) ^ 1;
    await rm(join(folder, digest.slice('sha256:'.length)));
    await writeFile(join(folder, digest.slice('sha256:'.length)), bytes);
    await expect(read(reader, digest)).rejects.toMatchObject({
      code: 'data-loss',
      operation: 'readContent',
    });
  });

  it.each([
    ['contentInfo', ['sha256:x'], 'digest'],
    ['deleteContent', [''], 'digest'],
    ['labelContent', [digestOf(Buffer.alloc(1)), { labels: {} }], 'labels'],
    ['contentStatus', [''], 'ref'],
    ['abortContent', [''], 'ref'],
    ['listIngests', [{ filters: 'x' }], 'filters'],
    ['writeContent', [{ ref: '', source: Buffer.alloc(0) }], 'ref'],
    ['writeContent', [{ ref: 'x', source: 'text' }], 'source'],
    ['writeContent', [{ ref: 'x', source: Buffer.alloc(0), digest: 'md5:1' }], 'digest'],
    ['writeContent', [{ ref: 'x', source: Buffer.alloc(0), size: -1 }], 'size'],
    ['writeContent', [{ ref: 'x', source: Buffer.alloc(0), lease: 'a b' }], 'lease'],
  ])('%s refuses bad input, naming the field (%#)', async (name, given, field) => {
    const methods = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    await expect(methods[name]?.(...given)).rejects.toMatchObject({
      ...{ code: 'invalid-argument', operation: name, field },
    });
  });
});

describe('namespaces that do not share content', () => {
  const config = `[plugins."io.containerd.metadata.v1.bolt"]\ncontent_sharing_policy = "isolated"`;
  let isolated: PrivateDaemon;
  beforeAll(async () => {
    isolated = await privateDaemon({ config });
  });
  afterAll(() => isolated[Symbol.asyncDispose]());

  /** Writes a blob in one namespace and again in another; answers from where the second had to read. */
  async function writtenTwice(from: string, to: string): Promise<number[]> {
    await using one = await connect(from, isolated.address);
    await using two = await connect(to, isolated.address);
    const { bytes, digest } = blob(1000);
    const known = { ref: 'ref', digest, size: bytes.length };
    await one.writeContent({ ...known, source: bytes });
    const offsets: number[] = [];
    const written = await two.writeContent({
      ...known,
      source(offset) {
        offsets.push(offset);
        return pieces(bytes.subarray(offset), 100);
      },
    });
    expect(written).toMatchObject({ digest, size: 1000 });
    await expectContent(one, digest, bytes);
    await expectContent(two, digest, bytes);
    return offsets;
  }

  it('each bring the bytes themselves (CrossNamespaceIsolate)', async () => {
    expect(await writtenTwice('alone-1', 'alone-2')).toEqual([0]);
  });

  it('take over what one shares by its label, from 1.7 on (SharedNamespaceIsolate)', async () => {
    await using any = await connect('any', isolated.address);
    await any.createNamespace('open', { labels: { 'containerd.io/namespace.shareable': 'true' } });
    // containerd 1.6 does not know the label: there, the bytes are read again.
    const offsets = daemon().line === '1.6' ? [0] : [];
    expect(await writtenTwice('open', 'alone-3')).toEqual(offsets);
  });
});
