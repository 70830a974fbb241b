import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Content, type Info, type Status } from '@ctrd/api/services/content/v1';
import { CtrdError, hasCode, type Rpc } from '@ctrd/core';
import { createVerifier } from '../oci/digest.js';
import { type BlobWrite, type WrittenBlob, writeBlob } from './write-blob.js';

/** Where a call goes: under which lease, and until when. */
export interface ContentPlace {
  readonly signal: AbortSignal;
  readonly lease?: string | undefined;
}

/** What the daemon knows of a blob. */
export interface BlobInfo {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly labels: Readonly<Record<string, string>>;
}

/** A blob that is being written. */
export interface Ingest {
  readonly ref: string;
  /** Bytes that are there. */
  readonly offset: number;
  /** Bytes there will be; 0 when nobody has said so. */
  readonly total: number;
  /** The digest it is to have; empty when nobody has said so. */
  readonly expected: string;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

/** The daemon's store of blobs, in one namespace. */
export interface ContentStore {
  /** Throws `not-found`. */
  info(digest: string, place: ContentPlace): Promise<BlobInfo>;
  /** Like {@link info}, with `undefined` for a blob that is not there. */
  find(digest: string, place: ContentPlace): Promise<BlobInfo | undefined>;
  list(filters: readonly string[], place: ContentPlace): AsyncIterable<BlobInfo>;
  /**
   * A blob's bytes. What is read is verified: when it is not what the digest says, the iteration
   * fails with `data-loss` at its end, which the daemon does not do.
   */
  read(
    blob: { digest: string; size?: number | undefined },
    place: ContentPlace,
  ): AsyncIterable<Uint8Array>;
  /** A small blob in whole. Throws `too-large` beyond `maxBytes`, having read no more. */
  readAll(
    blob: { digest: string; size?: number | undefined },
    maxBytes: number,
    place: ContentPlace,
  ): Promise<Uint8Array>;
  /** Whether a blob's file is there in its length, for which {@link info} does not look. */
  hasFile(blob: { digest: string; size: number }, place: ContentPlace): Promise<boolean>;
  /** Writes a blob, going on with what an earlier attempt has left. See {@link BlobWrite}. */
  write(blob: BlobWrite, place: ContentPlace): Promise<WrittenBlob>;
  /** Sets these labels and leaves others; an empty value removes the label. */
  label(
    digest: string,
    labels: Readonly<Record<string, string>>,
    place: ContentPlace,
  ): Promise<void>;
  /** What is being written. Throws `not-found`. */
  status(ref: string, place: ContentPlace): Promise<Ingest>;
  ingests(filters: readonly string[], place: ContentPlace): Promise<readonly Ingest[]>;
  /** Gives up what is being written. One that is gone already is no error. */
  abort(ref: string, place: ContentPlace): Promise<void>;
  /** Removes a blob. One that is gone already is no error. */
  delete(digest: string, place: ContentPlace): Promise<void>;
}

export function createContentStore(rpc: Rpc): ContentStore {
  const calls = ({ lease }: ContentPlace) => rpc.client(Content, { lease });

  const store: ContentStore = {
    async info(digest, place) {
      const { info } = await calls(place).info({ digest }, { signal: place.signal });
      return blobInfo(info, digest);
    },
    find: (digest, place) => orUndefined(store.info(digest, place)),
    async *list(filters, place) {
      const pages = calls(place).list({ filters: [...filters] }, { signal: place.signal });
      for await (const page of pages) for (const info of page.info) yield blobInfo(info);
    },
    async *read({ digest, size }, place) {
      const verifier = createVerifier({ digest, size });
      const parts = calls(place).read({ digest }, { signal: place.signal, role: 'bulk' });
      for await (const { data } of parts) {
        verifier.update(data);
        yield data;
      }
      verifier.finish();
    },
    async readAll(blob, maxBytes, place) {
      if (blob.size !== undefined && blob.size > maxBytes) throw tooLarge(blob.digest, maxBytes);
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const part of store.read(blob, place)) {
        size += part.byteLength;
        if (size > maxBytes) throw tooLarge(blob.digest, maxBytes);
        parts.push(part);
      }
      return Buffer.concat(parts, size);
    },
    async hasFile({ digest, size }, place) {
      if (size === 0) return true;
      const last = { digest, offset: BigInt(size - 1), size: 1n };
      try {
        for await (const _ of calls(place).read(last, { signal: place.signal }));
        return true;
      } catch (error) {
        if (hasCode(error, 'not-found', 'out-of-range')) return false;
        throw error;
      }
    },
    write: (blob, place) => writeBlob(calls(place), blob, place.signal),
    async label(digest, labels, place) {
      const paths = Object.keys(labels).map((label) => `labels.${label}`);
      if (paths.length === 0) return;
      await calls(place).update(
        { info: { digest, labels: { ...labels } }, updateMask: { paths } },
        { signal: place.signal },
      );
    },
    async status(ref, place) {
      const { status } = await calls(place).status({ ref }, { signal: place.signal });
      return ingest(status, ref);
    },
    async ingests(filters, place) {
      const request = { filters: [...filters] };
      const { statuses } = await calls(place).listStatuses(request, { signal: place.signal });
      return statuses.map((status) => ingest(status));
    },
    async abort(ref, place) {
      await orUndefined(calls(place).abort({ ref }, { signal: place.signal }));
    },
    async delete(digest, place) {
      await orUndefined(calls(place).delete({ digest }, { signal: place.signal }));
    },
  };
  return store;
}

function blobInfo(info: Info | undefined, digest = ''): BlobInfo {
  return {
    digest: info?.digest ?? digest,
    size: Number(info?.size ?? 0),
    createdAt: info?.createdAt ? timestampDate(info.createdAt) : new Date(0),
    updatedAt: info?.updatedAt ? timestampDate(info.updatedAt) : new Date(0),
    labels: { ...info?.labels },
  };
}

function ingest(status: Status | undefined, ref = ''): Ingest {
  return {
    ref: status?.ref ?? ref,
    offset: Number(status?.offset ?? 0),
    total: Number(status?.total ?? 0),
    expected: status?.expected ?? '',
    startedAt: status?.startedAt ? timestampDate(status.startedAt) : new Date(0),
    updatedAt: status?.updatedAt ? timestampDate(status.updatedAt) : new Date(0),
  };
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}

export function tooLarge(digest: string, maxBytes: number): CtrdError {
  return new CtrdError(`the blob has more than ${maxBytes} bytes`, {
    code: 'too-large',
    subject: digest,
  });
}
