import { Snapshots } from '@ctrd/api/services/snapshots/v1';
import { hasCode } from '@ctrd/core';
import { mapConcurrently } from '../concurrent.js';
import type { ImageParts } from '../parts.js';
import { contentGraph } from './content-graph.js';

/** Bytes: in all, and those that no other image record needs. */
export interface UsageShare {
  readonly total: number;
  /** Given back when this image alone is removed, unless a container or lease holds it. */
  readonly unique: number;
}

/** What an image takes of the disk. */
export interface ImageUsage {
  readonly name: string;
  readonly digest: string;
  /** Of all platforms that are there, as it is stored: mostly compressed. */
  readonly content: UsageShare;
  /** Of the layers as they are unpacked in one snapshotter. */
  readonly snapshots: UsageShare;
}

/** Snapshots that are asked about at once. */
const lookups = 8;

/** The usage of all images, by name. Two records of one target share all they have. */
export async function imageUsage(
  { rpc, content, images }: ImageParts,
  { snapshotter, signal }: { snapshotter: string; signal: AbortSignal },
): Promise<readonly ImageUsage[]> {
  const graph = await contentGraph(content.list([], { signal }), snapshotter);
  const parents = new Map<string, string>();
  for await (const { info } of rpc.client(Snapshots).list({ snapshotter }, { signal })) {
    for (const { name, parent } of info) parents.set(name, parent);
  }
  const records = await images.list([], { signal });
  const all = records.map(({ name, target }) => {
    const { blobs, tops } = graph.reach(target.digest);
    return { name, digest: target.digest, blobs, layers: chainOf(tops, parents) };
  });
  const layers = [...new Set(all.flatMap((image) => [...image.layers]))];
  const sizes = new Map(
    await mapConcurrently(layers, lookups, async (key): Promise<[string, number]> => {
      try {
        const { size } = await rpc.client(Snapshots).usage({ snapshotter, key }, { signal });
        return [key, Number(size)];
      } catch (error) {
        // It was collected meanwhile.
        if (hasCode(error, 'not-found')) return [key, 0];
        throw error;
      }
    }),
  );
  const blobUsers = countUsers(all.map(({ blobs }) => blobs));
  const layerUsers = countUsers(all.map((image) => image.layers));
  return all
    .map(({ name, digest, blobs, layers: own }) => ({
      ...{ name, digest },
      content: share(blobs, blobUsers, (blob) => graph.size(blob) ?? 0),
      snapshots: share(own, layerUsers, (layer) => sizes.get(layer) ?? 0),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The snapshots that are there, with all below them. */
function chainOf(
  tops: ReadonlySet<string>,
  parents: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const chain = new Set<string>();
  for (const top of tops) {
    for (let at = top; parents.has(at) && !chain.has(at); at = parents.get(at) ?? '') chain.add(at);
  }
  return chain;
}

function countUsers(sets: readonly ReadonlySet<string>[]): ReadonlyMap<string, number> {
  const users = new Map<string, number>();
  for (const set of sets) for (const key of set) users.set(key, (users.get(key) ?? 0) + 1);
  return users;
}

function share(
  keys: ReadonlySet<string>,
  users: ReadonlyMap<string, number>,
  sizeOf: (key: string) => number,
): UsageShare {
  const sum = (list: readonly string[]) => list.reduce((total, key) => total + sizeOf(key), 0);
  const unique = [...keys].filter((key) => users.get(key) === 1);
  return { total: sum([...keys]), unique: sum(unique) };
}
