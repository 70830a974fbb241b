/**
 * Pulls one image, as `pullProcess` tells it to; prints each step as a line of JSON, and last what
 * came of it.
 */
import { ctrd, toCtrdError } from '@ctrd/core';
import { images, type PullImageOptions } from '@ctrd/images';
import type { PullOutcome, PullProcessOptions } from './pull-process.js';

const { address, namespace, reference, options } = JSON.parse(process.argv[2] ?? '') as {
  readonly address: string;
  readonly namespace: string;
  readonly reference: string;
  readonly options: PullProcessOptions;
};
const { puller, https = false, snapshotter, platform, idleTimeoutMs } = options;
const hosts = (domain: string) => [
  {
    base: new URL(`https://${domain}/v2/`),
    capabilities: new Set(['resolve', 'pull'] as const),
  },
];
const registry = { credentials: () => undefined, hostsFolders: [], proxy: false } as const;
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const call: PullImageOptions = {
  snapshotter,
  platform,
  onProgress: ({ ref, status, offset, total }) => void print({ ref, status, offset, total }),
};

async function outcome(): Promise<PullOutcome> {
  await using client = await ctrd({ address, namespace })
    .use(images({ puller, registry: { ...registry, idleTimeoutMs, ...(https ? { hosts } : {}) } }))
    .connect();
  try {
    return { image: await client.pullImage(reference, call) };
  } catch (error) {
    const { code, reason, message } = toCtrdError(error);
    return { error: { code, reason, message } };
  }
}

print(await outcome());
