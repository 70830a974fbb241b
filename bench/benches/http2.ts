import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { debianRegistry, privateAuthority } from '../../e2e/support/registry.js';
import { busyboxImage, file } from '../../tools/busybox-image/index.js';
import type { Bench } from '../harness/bench.js';
import { compareRuns } from '../harness/compare-runs.js';
import type { Variant } from '../harness/interleaved.js';
import { type Runs, repeat } from '../harness/runs.js';

/** Blobs that are fetched at once, as a pull does it. */
const concurrency = 4;
const peer = 'HTTP/1.1';

/** Whether a registry that offers HTTP/2 should be spoken to in it: `@ctrd/images` does not. */
export const http2Bench: Bench = {
  name: 'http2',
  title: 'Layers over HTTP/1.1 and HTTP/2',
  async run({ rounds }) {
    const folder = await mkdtemp(join(tmpdir(), 'ctrd-bench-http2-'));
    try {
      const tls = await privateAuthority(folder);
      const ca = await readFile(tls.ca);
      await using plain = await debianRegistry();
      const many = await seed(`${plain.host}/many`, 20, 10 << 20, plain);
      const large = await seed(`${plain.host}/large`, 1, 200 << 20, plain);
      await using registry = await debianRegistry({ storage: plain.storage, tls });
      const compare = (repository: string, digests: readonly string[]) => {
        const urls = digests.map((digest) => `/v2/${repository}/blobs/${digest}`);
        return compareRuns(rounds, variantsOf(`https://${registry.host}`, urls, ca), peer);
      };
      return `From Debian's \`docker-registry\` over TLS on loopback, ${concurrency} at once, to nowhere. HTTP/1.1 is
\`node:https\` with a connection for each that is under way, HTTP/2 is \`node:http2\` with one
connection and windows of 8 MiB.

20 layers of 10 MiB:

${await compare('many', many)}

One of 200 MiB:

${await compare('large', large)}`;
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

async function seed(
  name: string,
  count: number,
  bytes: number,
  registry: Awaited<ReturnType<typeof debianRegistry>>,
): Promise<readonly string[]> {
  const layers = Array.from({ length: count }, (_, at) => [file(`l-${at}`, randomBytes(bytes))]);
  const image = await busyboxImage({ layers, compression: 'none' });
  await registry.seed(`${name.slice(name.indexOf('/') + 1)}:1`, image);
  return image.layers.slice(1).map(({ digest }) => digest);
}

function variantsOf(
  origin: string,
  paths: readonly string[],
  ca: Buffer,
): ReadonlyMap<string, Variant<Runs>> {
  const fetchAll = async (get: (path: string) => Promise<unknown>): Promise<Runs> => {
    const { allMs, cpuMs = 0 } = await repeat((index) => get(paths[index] ?? ''), {
      ...{ count: paths.length, concurrency },
    });
    return { runs: [allMs], allMs, cpuMs: cpuMs * paths.length };
  };
  return new Map([
    [
      peer,
      async () => {
        const agent = new https.Agent({ keepAlive: true, ca });
        try {
          return await fetchAll(async (path) => {
            const [answer] = await once(https.get(`${origin}${path}`, { agent }), 'response');
            await readAll(answer);
          });
        } finally {
          agent.destroy();
        }
      },
    ],
    [
      'HTTP/2',
      async () => {
        const window = 8 << 20;
        const session = http2.connect(origin, { ca, settings: { initialWindowSize: window } });
        await once(session, 'connect');
        session.setLocalWindowSize(window);
        try {
          return await fetchAll(async (path) => {
            await readAll(session.request({ ':path': path }));
          });
        } finally {
          session.close();
        }
      },
    ],
  ]);
}

async function readAll(stream: Readable): Promise<void> {
  for await (const _ of stream);
}
