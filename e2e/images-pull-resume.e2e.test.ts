import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  daemon,
  file,
  type Image,
  leakOracle,
  namespaceOf,
  pullProcess,
  type TestRegistry,
  testRegistry,
} from './support/index.js';

/** How often a pull is killed: more of it by `PULL_KILLS=50`. */
const kills = Number(process.env['PULL_KILLS'] ?? 6);

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
const layerBytes = 16 << 20;

let image: Image;
let imageBytes = 0;
let registry: TestRegistry;

beforeAll(async () => {
  const layers = [1, 2].map((seed) => [file(`noise-${seed}`, noise(seed, layerBytes))]);
  image = await busyboxImage({ layers, compression: 'none' });
  const blobs = [image.manifest, image.config, ...image.layers];
  imageBytes = blobs.reduce((sum, { size }) => sum + size, 0);
  registry = await testRegistry({ pace: 192 << 10 });
  registry.addManifest('big', image.manifest, '1');
  for (const { bytes } of blobs) registry.addBlob(bytes);
}, 60_000);

afterAll(() => registry?.[Symbol.asyncDispose]());

/** Bytes that do not pack, the same each time. */
function noise(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[at] = state ^ (state >>> 15);
  }
  return new Uint8Array(words.buffer);
}

/** Pulls in a process of its own, which is killed so many milliseconds after its first layer began. */
async function killedPull(name: string, afterMs: number): Promise<void> {
  await using pull = pullProcess(containerd, namespace, name);
  await pull.begun;
  await Promise.race([new Promise((resolve) => setTimeout(resolve, afterMs)), pull.outcome]);
}

describe('a pull that is killed', () => {
  it(`is gone on with by the next, and leaves nothing, after ${kills} kills`, async () => {
    const before = await oracle.count();
    const name = `${registry.host}/big:1`;
    for (let round = 0; round < kills; round++) {
      await killedPull(name, (round * 173) % 1000);
      {
        await using client = await ctrd({ address: containerd.address, namespace })
          .use(
            images({ registry: { credentials: () => undefined, hostsFolders: [], proxy: false } }),
          )
          .connect();
        const { problem } = await client.pullImage(name);
        expect(problem).toBeUndefined();
        await client.removeImage(name, { sync: true });
      }
      await oracle.expectNothingLeft(before);
    }
    expect(registry.sentBytes() / kills / imageBytes).toBeLessThan(1.3);
  }, 1_800_000);
});
