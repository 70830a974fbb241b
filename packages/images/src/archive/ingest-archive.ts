import { posix } from 'node:path';
import { CtrdError } from '@ctrd/core';
import type { ContentStore } from '../content/content-store.js';
import { isDigest } from '../oci/digest.js';
import { type ArchiveSource, peek, readArchive } from './archive-source.js';
import { type Compression, compressionOf } from './compression.js';
import { type TarEntry, tarEntries } from './tar-entries.js';

/** A file of an archive that is in the content store now. */
export interface IngestedFile {
  readonly digest: string;
  readonly size: number;
  readonly compression: Compression | 'other' | undefined;
}

/** What an archive held. */
export interface IngestedArchive {
  /** `index.json` of an OCI layout. */
  readonly index: Uint8Array | undefined;
  /** `oci-layout`. */
  readonly layout: Uint8Array | undefined;
  /** `manifest.json` of a Docker archive. */
  readonly manifest: Uint8Array | undefined;
  /** The file of a name, through links. Throws `invalid-argument` when there is none. */
  file(name: string): IngestedFile;
}

/** Bytes of a document that is held in memory; Docker's grows with the number of images. */
const documentBytes = 20 << 20;

/** What Docker writes for versions of itself that are long gone. */
const obsolete = /(?:^|\/)(?:VERSION|repositories)$|^[a-f0-9]{64}\/json$/;

/**
 * Writes an archive's files into the content store as they come, under the lease; the daemon checks
 * those that are named by their digest. Links are only names within the archive.
 */
export async function ingestArchive(
  content: ContentStore,
  source: ArchiveSource,
  options: { signal: AbortSignal; lease: string; onBytes?: ((bytes: number) => void) | undefined },
): Promise<IngestedArchive> {
  const { signal, lease, onBytes = () => {} } = options;
  const documents = new Map<string, Uint8Array>();
  const files = new Map<string, IngestedFile>();
  const links = new Map<string, string>();

  async function ingest({ name, size, body }: TarEntry): Promise<IngestedFile> {
    const [, algorithm, hex] = /^blobs\/([a-z0-9]+)\/([a-f0-9]+)$/.exec(name) ?? [];
    const named = `${algorithm}:${hex}`;
    const digest = isDigest(named) ? named : undefined;
    const { head, rest } = await peek(counted(body, onBytes));
    // Without a digest the name alone would mix up the archives of two imports.
    const ref = digest === undefined ? `import-${lease}-${name}` : `import-${digest}`;
    const written = await content.write(
      { ref, digest, size, source: (offset) => from(offset, rest) },
      { signal, lease },
    );
    return { digest: written.digest, size, compression: compressionOf(head) };
  }

  for await (const entry of tarEntries(readArchive(source, signal))) {
    const { name, kind, size, target, body } = entry;
    if (kind === 'link') links.set(name, target);
    if (kind !== 'file' || size === 0 || obsolete.test(name)) continue;
    if (name === 'oci-layout' || name === 'index.json' || name === 'manifest.json') {
      documents.set(name, await inMemory(name, size, body));
    } else files.set(name, await ingest(entry));
  }

  return {
    index: documents.get('index.json'),
    layout: documents.get('oci-layout'),
    manifest: documents.get('manifest.json'),
    file(name) {
      let at = posix.normalize(name);
      for (let hops = 0; hops < 8; hops++) {
        const file = files.get(at);
        if (file !== undefined) return file;
        at = links.get(at) ?? '';
      }
      throw notAnImage(`it lacks the file ${JSON.stringify(name.slice(0, 200))}`);
    },
  };
}

async function inMemory(
  name: string,
  size: number,
  body: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  if (size > documentBytes) {
    throw new CtrdError(`${name} has more than ${documentBytes} bytes`, { code: 'too-large' });
  }
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

/** The daemon may have some of it from an earlier attempt; a tar cannot be wound forward. */
async function* from(offset: number, bytes: AsyncIterable<Uint8Array>) {
  let skip = offset;
  for await (const chunk of bytes) {
    const cut = Math.min(skip, chunk.byteLength);
    skip -= cut;
    if (cut < chunk.byteLength) yield chunk.subarray(cut);
  }
}

async function* counted(bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void) {
  for await (const chunk of bytes) {
    onBytes(chunk.byteLength);
    yield chunk;
  }
}

export function notAnImage(why: string): CtrdError {
  return new CtrdError(`source must be an archive of images: ${why}`, {
    code: 'invalid-argument',
    field: 'source',
  });
}
