import {
  type CallControl,
  checkLabels,
  invalidArgument,
  type OperationsOf,
  onOptions,
  onSubject,
  type Running,
  sequence,
} from '@ctrd/core';
import type { BlobInfo, ContentStore, Ingest } from '../content/content-store.js';
import type { WrittenBlob } from '../content/write-blob.js';
import { checkDigest } from '../oci/digest.js';
import type {
  ContentAPIClient,
  LabelContentOptions,
  ListContentOptions,
  ReadContentOptions,
  WriteContentOptions,
} from './content-api.js';
import { fromOffset } from './content-source.js';

/** The methods of `ContentAPIClient`. */
export function contentOperations(content: ContentStore): OperationsOf<ContentAPIClient> {
  return {
    contentInfo: onSubject<CallControl, BlobInfo>(async (digest, place) =>
      content.info(checkDigest(digest), place),
    ),
    listContent: sequence<ListContentOptions, BlobInfo>(async function* ({ filters, signal }) {
      yield* content.list(checkFilters(filters), { signal });
    }),
    readContent: sequence<ReadContentOptions, Uint8Array>(async function* ({ digest, signal }) {
      yield* content.read({ digest: checkDigest(digest) }, { signal });
    }),
    writeContent: onOptions<WriteContentOptions, WrittenBlob>(
      async (options) => {
        checkWrite(options);
        const { source, lease, signal, ...blob } = options;
        const labels = kept(options.labels, lease);
        const place = { signal, lease };
        const written = await content.write({ ...blob, labels, source: fromOffset(source) }, place);
        if (!written.existed) return written;
        // The daemon leaves what is there as it is.
        await content.label(written.digest, labels, place);
        return { ...written, size: (await content.info(written.digest, place)).size };
      },
      ({ ref }) => (typeof ref === 'string' ? ref : undefined),
    ),
    contentStatus: onSubject<CallControl, Ingest>(async (ref, { signal }) =>
      content.status(checkRef(ref), { signal }),
    ),
    listIngests: onOptions<ListContentOptions, readonly Ingest[]>(async ({ filters, signal }) =>
      content.ingests(checkFilters(filters), { signal }),
    ),
    abortContent: onSubject<CallControl, void>(async (ref, { signal }) =>
      content.abort(checkRef(ref), { signal }),
    ),
    labelContent: onSubject<LabelContentOptions, BlobInfo>(async (digest, { labels, signal }) => {
      checkDigest(digest);
      checkLabels('labels', labels);
      if (Object.keys(labels).length === 0) {
        throw invalidArgument('labels', 'name at least one label');
      }
      await content.label(digest, labels, { signal });
      return await content.info(digest, { signal });
    }),
    deleteContent: onSubject<CallControl, void>(async (digest, { signal }) =>
      content.delete(checkDigest(digest), { signal }),
    ),
  };
}

/** Without a lease nothing refers to new content: it is made a root, as `ctr content ingest` does. */
function kept(labels: Readonly<Record<string, string>> = {}, lease: string | undefined) {
  if (lease !== undefined) return labels;
  return { 'containerd.io/gc.root': new Date().toISOString(), ...labels };
}

function checkWrite(options: Running<WriteContentOptions>): void {
  const { ref, digest, size, labels = {}, lease, lockTimeoutMs } = options;
  checkRef(ref);
  checkLabels('labels', labels);
  if (digest !== undefined) checkDigest(digest);
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
    throw invalidArgument('size', 'be a whole number of at least 0', size);
  }
  if (lease !== undefined && !(typeof lease === 'string' && /^[\x21-\x7e]{1,256}$/.test(lease))) {
    throw invalidArgument('lease', 'be the id of a lease', lease);
  }
  if (lockTimeoutMs !== undefined && !(Number.isFinite(lockTimeoutMs) && lockTimeoutMs >= 0)) {
    throw invalidArgument('lockTimeoutMs', 'be a number of at least 0', lockTimeoutMs);
  }
}

/** Free-form on the daemon, but not empty. */
function checkRef(ref: unknown): string {
  if (typeof ref === 'string' && ref !== '' && ref.length <= 1024) return ref;
  throw invalidArgument('ref', 'be 1 to 1024 characters', ref);
}

function checkFilters(filters: readonly string[] = []): readonly string[] {
  if (Array.isArray(filters) && filters.every((filter) => typeof filter === 'string')) {
    return filters;
  }
  throw invalidArgument('filters', 'be a list of texts', filters);
}
