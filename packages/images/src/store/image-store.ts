import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type Image, Images } from '@ctrd/api/services/images/v1';
import { hasCode, type Rpc } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';

/** An image's record: a name for a manifest or index in the content store. */
export interface ImageRecord {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewImageRecord {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Whether a record was made, or one of the name changed. */
export interface PutImageRecord {
  readonly record: ImageRecord;
  /** What the name meant before. */
  readonly before: ImageRecord | undefined;
}

interface Place {
  readonly signal: AbortSignal;
}

/** The daemon's image records, in one namespace. */
export interface ImageStore {
  /** Throws `not-found`. */
  get(name: string, place: Place): Promise<ImageRecord>;
  list(filters: readonly string[], place: Place): Promise<readonly ImageRecord[]>;
  /** Throws `already-exists`. */
  create(image: NewImageRecord, place: Place): Promise<ImageRecord>;
  /** Makes the record, or lets the name mean something else from now on. */
  put(image: NewImageRecord, place: Place): Promise<PutImageRecord>;
  /** `sync` waits for the garbage collection that follows. Throws `not-found`. */
  delete(name: string, sync: boolean, place: Place): Promise<void>;
}

export function createImageStore(rpc: Rpc): ImageStore {
  const calls = rpc.client(Images);

  const store: ImageStore = {
    async get(name, { signal }) {
      const { image } = await calls.get({ name }, { signal });
      return imageRecord(image, name);
    },
    async list(filters, { signal }) {
      const { images } = await calls.list({ filters: [...filters] }, { signal });
      return images.map((image) => imageRecord(image));
    },
    async create(image, { signal }) {
      const answer = await calls.create({ image: message(image) }, { signal });
      return imageRecord(answer.image, image.name);
    },
    async put(image, { signal }) {
      // Another client may make or remove the record between the two calls, so they take turns.
      for (let turn = 0; ; turn++) {
        try {
          return { record: await store.create(image, { signal }), before: undefined };
        } catch (error) {
          if (!hasCode(error, 'already-exists')) throw error;
        }
        try {
          const before = await store.get(image.name, { signal });
          const answer = await calls.update({ image: message(image) }, { signal });
          return { record: imageRecord(answer.image, image.name), before };
        } catch (error) {
          if (!hasCode(error, 'not-found') || turn === 5) throw error;
        }
      }
    },
    async delete(name, sync, { signal }) {
      await calls.delete({ name, sync }, { signal });
    },
  };
  return store;
}

function message({ name, target, labels = {} }: NewImageRecord) {
  return { name, labels: { ...labels }, target: descriptorMessage(target) };
}

/** A descriptor as the daemon's API has it: without platform and urls. */
export function descriptorMessage({ mediaType, digest, size, annotations = {} }: Descriptor) {
  return { mediaType, digest, size: BigInt(size), annotations: { ...annotations } };
}

function imageRecord(image: Image | undefined, name = ''): ImageRecord {
  const { mediaType = '', digest = '', size = 0n, annotations = {} } = image?.target ?? {};
  return {
    name: image?.name ?? name,
    target: { mediaType, digest, size: Number(size), annotations: { ...annotations } },
    labels: { ...image?.labels },
    createdAt: image?.createdAt ? timestampDate(image.createdAt) : new Date(0),
    updatedAt: image?.updatedAt ? timestampDate(image.updatedAt) : new Date(0),
  };
}
