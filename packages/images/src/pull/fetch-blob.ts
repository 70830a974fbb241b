import { CtrdError, hasCode, pause, throwIfAborted } from '@ctrd/core';
import type { ContentPlace, ContentStore } from '../content/content-store.js';
import type { WrittenBlob } from '../content/write-blob.js';
import type { Descriptor } from '../oci/descriptor.js';
import type { HostClient } from '../registry/host-client.js';
import { furthest, noHost, type Registry } from '../registry/registries.js';
import { pullScope } from '../registry/scopes.js';
import type { BlobProgress } from './progress.js';

/** Where a blob comes from, and how it is asked for there. */
interface BlobPlace {
  readonly host: HostClient;
  readonly path: string | URL;
}

/** How often a transfer that breaks is gone on with, as long as it hardly gets ahead. */
const breaks = { most: 3, enoughBytes: 65_536, pauseMs: 100 } as const;

/**
 * Fetches a blob straight into the content store, going on where an earlier attempt stopped, on one
 * host after the other. What one host serves wrongly, the next may serve right.
 */
export async function fetchBlob(
  content: ContentStore,
  registry: Registry,
  blob: Descriptor,
  options: ContentPlace & {
    readonly ref: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly progress: BlobProgress;
  },
): Promise<WrittenBlob> {
  const { ref, labels, progress, ...place } = options;
  const { digest, size } = blob;
  let worst: unknown;

  /** Answers `undefined` when the host is to blame. */
  async function from(source: BlobPlace): Promise<WrittenBlob | undefined> {
    let begun = 0;
    let failure: unknown;
    async function* bytes(offset: number, signal: AbortSignal) {
      begun = offset;
      progress.status('downloading');
      try {
        yield* resumed(source, registry, blob, offset, signal);
      } catch (error) {
        // Ended by the reader, it is not the host that failed.
        if (!signal.aborted) failure = error;
        throw error;
      }
    }
    try {
      const onOffset = (offset: number) => progress.offset(offset);
      return await content.write({ ref, digest, size, labels, source: bytes, onOffset }, place);
    } catch (error) {
      throwIfAborted(place.signal);
      const isWrong = hasCode(error, 'data-loss');
      if (failure === undefined && !isWrong) throw error;
      // What was there may have been wrong; now that it is gone, the host gets a chance of its own.
      if (isWrong && begun > 0) return await from(source);
      worst = furthest(worst, failure ?? error);
      return undefined;
    }
  }

  for (const source of placesOf(registry, blob)) {
    const written = await from(source);
    if (written !== undefined) return written;
  }
  throw worst ?? noHost(registry.domain, 'pull');
}

/** Layers that only their vendor may serve are looked for in the registry first, all the same. */
function placesOf(registry: Registry, { digest, urls = [] }: Descriptor): readonly BlobPlace[] {
  const path = `${registry.repository}/blobs/${digest}`;
  return [
    ...registry.hosts('pull').map((host) => ({ host, path })),
    ...urls
      .filter((url) => URL.canParse(url) && new URL(url).protocol === 'https:')
      .map((url) => ({ host: registry.elsewhere(new URL(url)), path: new URL(url) })),
  ];
}

/** The content from an offset on, through interruptions. */
async function* resumed(
  place: BlobPlace,
  registry: Registry,
  { digest, size }: Descriptor,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = offset;
  for (let failures = 0; ; ) {
    const before = at;
    try {
      for await (const chunk of openAt(place, registry, at, signal)) {
        at += chunk.byteLength;
        yield chunk;
      }
      if (at >= size) return;
      throw new CtrdError(`the content ended after ${at} of ${size} bytes`, {
        ...{ code: 'data-loss', reason: 'size', subject: digest },
      });
    } catch (error) {
      if (signal.aborted || !hasCode(error, 'unavailable', 'timeout')) throw error;
      failures = at - before >= breaks.enoughBytes ? 1 : failures + 1;
      if (failures > breaks.most || (failures > 1 && error.code === 'timeout')) throw error;
      await pause(breaks.pauseMs * 2 ** failures, signal);
    }
  }
}

async function* openAt(
  { host, path }: BlobPlace,
  { repository }: Registry,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const answer = await host.request({
    ...{ method: 'GET', path, scopes: [pullScope(repository)], signal },
    headers: {
      // Packed on the way, the bytes would be counted wrongly.
      'accept-encoding': 'identity',
      ...(offset === 0 ? {} : { range: `bytes=${offset}-` }),
    },
    accept: offset === 0 ? [200] : [200, 206],
  });
  let skip = answer.status === 206 ? offset - firstByte(answer.headers['content-range']) : offset;
  if (skip < 0) {
    answer.discard();
    throw new CtrdError('the registry serves another part than it was asked for', {
      ...{ code: 'data-loss', reason: 'size', subject: host.host.base.host },
    });
  }
  for await (const chunk of answer.body) {
    const cut = Math.min(skip, chunk.byteLength);
    skip -= cut;
    if (cut < chunk.byteLength) yield chunk.subarray(cut);
  }
}

/** `bytes 100-199/200` */
function firstByte(range: string | undefined): number {
  return Number(/^bytes (\d+)-/.exec(range ?? '')?.[1] ?? Number.POSITIVE_INFINITY);
}
